"""From rows of statistics to hypotheses in words, with what they imply and what speaks against them."""
