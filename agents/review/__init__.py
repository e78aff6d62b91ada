"""Record a reviewer's decisions and let lanes wait for them."""
