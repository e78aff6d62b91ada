"""What scoring plans costs: tokens computed and plans per second, against the ways of others."""
