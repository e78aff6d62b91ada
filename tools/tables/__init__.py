"""Tools for a plain data table: samples x numeric columns."""
