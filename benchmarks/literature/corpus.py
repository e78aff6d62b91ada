"""A made-up library of 2,000 papers and more: sentences from templates of ours, the same at every call.

Truth is by construction. A paper joins a method, a modality (what is given), a goal (what must come out) and a field.
For the task below, a paper is of grade 2 where modality and goal are the task's (four in five told in other words:
paraphrase), of grade 1 where it is on the topic but the goal or the modality is another (off-attribute), else 0. What
is known on the task are the methods of its own papers, `KNOWN`; the rest of `METHODS` is known elsewhere alone, and
`ABSENT` nowhere in the library.
"""

from __future__ import annotations

import random
from dataclasses import dataclass

from pelagos.nouns import Paper

SEED = 11
SIZE = 2000
ON_TASK, PARAPHRASED, OFF_GOAL, OFF_MODALITY = 6, 24, 60, 60
TOPIC = "classification of sensor time series from wearable devices"
INPUT = "a multichannel time series recorded by a wearable sensor"
OUTPUT = "one activity class label per recording"

METHODS = {
    "dropout": ("dropout of hidden units", "randomly silencing units while training"),
    "label smoothing": ("label smoothing", "softening the one-hot targets"),
    "mixup": ("mixup of pairs of examples", "training on convex blends of two inputs and their targets"),
    "weight averaging": ("averaging the weights along training", "using the running mean of the parameters"),
    "cosine schedule": ("a cosine learning-rate schedule", "lowering the step size along half a cosine wave"),
    "attention pooling": ("attention pooling over time", "weighting the steps of a sequence before they are summed"),
    "residual blocks": ("residual blocks", "adding a layer's input to its output"),
    "group normalisation": ("group normalisation", "standardising channels in small bundles"),
    "contrastive pretraining": ("contrastive pretraining", "pulling two views of one recording together beforehand"),
    "knowledge distillation": ("knowledge distillation", "copying the soft outputs of a larger teacher"),
    "focal loss": ("the focal loss", "giving less weight to what is already right"),
    "spectral features": ("spectral features", "feeding the energy of frequency bands"),
    "random cropping": ("random cropping in time", "cutting random windows out of each recording"),
    "gradient clipping": ("gradient clipping", "bounding the norm of each update"),
    "early stopping": ("early stopping", "ending training once the held-out error rises"),
    "ensembling": ("an ensemble of networks", "letting several models vote"),
    "dilated convolution": ("dilated convolutions", "filters with widening gaps"),
    "stochastic depth": ("stochastic depth", "skipping whole layers at random while training"),
    "channel gating": ("gates on channels", "rescaling each feature map by a learned factor"),
    "curriculum": ("a curriculum from easy to hard", "showing simple examples before difficult ones"),
}
KNOWN = list(METHODS)[:10]
ABSENT = {
    "lookahead": ("lookahead steps of the optimiser", "keeping slow weights that follow fast ones"),
    "sharpness": ("sharpness-aware updates", "minimising the worst loss in a small ball of weights"),
    "test-time augmentation": ("test-time augmentation", "averaging predictions over altered copies of an input"),
    "sign updates": ("updates by the sign of the gradient", "moving each weight by a fixed amount"),
    "hashing trick": ("the hashing trick", "folding many features into few by a hash"),
    "quantile transform": ("a quantile transform of the inputs", "mapping each channel to its ranks"),
    "wavelet": ("wavelet shrinkage", "denoising by small coefficients set to zero"),
    "prototype": ("class prototypes", "deciding by the nearest class mean in feature space"),
    "orthogonal": ("orthogonal initial weights", "starting from rotations"),
    "jacobian": ("a penalty on the Jacobian", "punishing outputs that change fast with inputs"),
}
MODALITIES = {
    "wearable": ("multichannel time series of wearable sensors", "signals from devices worn at the wrist"),
    "image": ("photographs", "pictures taken by a camera"),
    "text": ("sentences", "written reviews"),
    "graph": ("molecular graphs", "networks of atoms and bonds"),
    "audio": ("speech recordings", "spoken utterances"),
    "table": ("tables of patient records", "rows of clinical variables"),
    "video": ("video clips", "sequences of frames"),
    "point": ("point clouds", "sets of points in space"),
}
GOALS = {
    "class": ("classification into activity classes", "telling which activity was being done"),
    "forecast": ("forecasting of the next values", "predicting how the curve goes on"),
    "segment": ("segmentation into regions", "marking where each part begins and ends"),
    "detect": ("detection of rare anomalies", "raising an alarm at unusual events"),
    "regress": ("regression of a continuous score", "estimating a real-valued quantity"),
    "generate": ("generation of new samples", "synthesising examples that look real"),
    "retrieve": ("retrieval of similar items", "finding the closest match in a store"),
}
FIELDS = ["medicine", "sports", "industry", "astronomy", "farming", "finance", "transport", "ecology", "education"]
OPENINGS = [
    "We study {goal} from {modality} in {field}.",
    "This work asks how {modality} can serve {goal}, with examples from {field}.",
    "In {field}, {goal} has to be done from {modality}.",
    "{modality_} are at hand in {field}; what is wanted is {goal}.",
]
MIDDLES = [
    "The change we test is {method}.",
    "Our method rests on {method}.",
    "We compare a plain network with one that uses {method}.",
    "The key is {method}, with nothing else changed.",
]
ENDINGS = [
    "On {n} collections the error falls by {p} per cent.",
    "Gains hold over {n} seeds, though they shrink as data grow.",
    "The effect is clearest below {n}00 examples.",
    "An ablation over {n} settings shows where it helps and where it does not.",
]


@dataclass(frozen=True)
class Planted:
    """A paper with what it was made from; `told` is 0 for the first wording of each part, 1 for the other one."""

    paper: Paper
    method: str
    modality: str
    goal: str
    told: int

    @property
    def grade(self) -> int:
        matches = (self.modality == "wearable") + (self.goal == "class")
        return {2: 2, 1: 1, 0: 0}[matches]


def make_corpus(size: int = SIZE) -> list[Planted]:
    """Return the library, shuffled."""
    draw = random.Random(SEED)
    other_goals = [goal for goal in GOALS if goal != "class"]
    other_modalities = [modality for modality in MODALITIES if modality != "wearable"]
    plan = [("wearable", "class", 0)] * ON_TASK + [("wearable", "class", 1)] * PARAPHRASED
    plan += [("wearable", draw.choice(other_goals), draw.randrange(2)) for _ in range(OFF_GOAL)]
    plan += [(draw.choice(other_modalities), "class", draw.randrange(2)) for _ in range(OFF_MODALITY)]
    plan += [
        (draw.choice(other_modalities), draw.choice(other_goals), draw.randrange(2))
        for _ in range(max(0, size - len(plan)))
    ]
    library = [_plant(f"g{number}", *parts, draw) for number, parts in enumerate(plan)]
    draw.shuffle(library)
    return library


def _plant(id: str, modality: str, goal: str, wording: int, draw: random.Random) -> Planted:
    on_task = (modality, goal) == ("wearable", "class")
    method = draw.choice(KNOWN if on_task else list(METHODS))
    words = {
        "method": METHODS[method][draw.randrange(2)],
        "modality": MODALITIES[modality][wording],
        "modality_": MODALITIES[modality][wording].capitalize(),
        "goal": GOALS[goal][wording],
        "field": draw.choice(FIELDS),
        "n": str(draw.randint(2, 9)),
        "p": str(draw.randint(2, 30)),
    }
    text = " ".join(draw.choice(parts).format(**words) for parts in (OPENINGS, MIDDLES, ENDINGS))
    title = f"{words['method'][0].upper()}{words['method'][1:]} for {words['goal']} in {words['field']}: {id}"
    return Planted(Paper(id=id, title=title, abstract=text, source="corpus"), method, modality, goal, wording)
