"""Know-how: notes on how techniques are written with the libraries, which the coder is given."""
