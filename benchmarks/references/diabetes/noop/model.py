"""The regression network and its loss."""

from torch import nn

HIDDEN = 64


def make_model(inputs):
    """The network: layers, activations, dropout, normalisation, initial weights.

    float32 tensor (batch, inputs) -> predictions, float32 tensor (batch, 1).
    """
    return nn.Sequential(
        nn.Linear(inputs, HIDDEN), nn.ReLU(), nn.Linear(HIDDEN, HIDDEN), nn.ReLU(), nn.Linear(HIDDEN, 1)
    )


def compute_loss(predictions, y):
    """Training loss: squared or absolute errors, penalties.

    predictions and y: float32 tensors (batch, 1), in prepared units -> scalar tensor.
    """
    error = predictions - y
    return (error * error).mean()
