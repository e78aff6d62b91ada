"""Tiny language models: tokens, decoder, sampling, training, rollouts."""
