"""The network that classifies signals, and its loss."""

from torch import nn

CHANNELS = 16
HIDDEN = 64


class SignalNet(nn.Module):
    """The network: layers, activations, dropout, normalisation, initial weights.

    float32 tensor (batch, 40) -> logits, float32 tensor (batch, 10).
    """

    def __init__(self):
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv1d(1, CHANNELS, kernel_size=5, stride=2, padding=2),
            nn.ReLU(),
            nn.Conv1d(CHANNELS, CHANNELS, kernel_size=3, stride=2, padding=1),
            nn.ReLU(),
        )
        self.head = nn.Sequential(nn.Flatten(), nn.Linear(CHANNELS * 10, HIDDEN), nn.ReLU(), nn.Linear(HIDDEN, 10))

    def forward(self, x):
        """x: float32 tensor (batch, 40) -> logits, float32 tensor (batch, 10). Features are (batch, CHANNELS, 10)."""
        return self.head(self.features(x.unsqueeze(1)))


def compute_loss(logits, y):
    """Training loss: cross-entropy, smoothing of labels.

    logits: float32 tensor (batch, 10); y: int64 tensor (batch,), 0 to 9 -> scalar tensor.
    """
    return nn.functional.cross_entropy(logits, y)
