"""Traces of a run for OpenTelemetry collectors: off unless the standard variables name one."""
