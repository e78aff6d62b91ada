"""Interpret what an endpoint is sent and sends back, without I/O: address, body, refusals, thoughts, costs."""
