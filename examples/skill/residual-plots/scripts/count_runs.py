"""Prints how often the numbers that are given as arguments change their sign."""

import sys
from itertools import pairwise

signs = [float(word) > 0 for word in sys.argv[1:]]
print(sum(one != other for one, other in pairwise(signs)))
