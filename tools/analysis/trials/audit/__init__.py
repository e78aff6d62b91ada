"""Whether a hypothesis is believed: mechanical gates, a null control, and five scores that are shown beside them."""
