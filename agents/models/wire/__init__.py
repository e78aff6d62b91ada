"""What goes over the wire to an endpoint and what comes back, without I/O: address, body, refusal, thoughts."""
