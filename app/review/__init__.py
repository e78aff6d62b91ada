"""The review page: what people read and decide in a browser, and what the commands for the same words share with it."""
