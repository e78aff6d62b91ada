"""Finds where a technique acts wrongly, from the change and the lines around it.

Such places are the network's output, outside of the loop over batches, the wrong side of an activation, prediction.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator, Sequence
from itertools import groupby, pairwise

from agents.fidelity.change.def_use import COMPOUND, DEFINITIONS, names_used_as_input, names_written
from agents.fidelity.change.fragments import parse_fragment
from agents.fidelity.change.hunks import Hunk, Line

DROPOUT, NORM = re.compile(r"drop", re.I), re.compile(r"norm|^bn\d*$", re.I)
ACTIVATION = re.compile(
    r"^(leaky_?|p|r|c)?(relu6?|elu|selu|gelu|silu|mish|tanh|hardswish|softplus|swish|act\w*)_?$", re.I
)
LEARNED = re.compile(r"^(Lazy)?(Linear|Conv\d?d?|Bilinear)$")
PREDICTS = re.compile(r"^(forward|predict\w*|scores?|evaluate\w*|infer\w*|test\w*)$")
NETWORK = re.compile(r"^(\w*model|net|network|\w*_net|classifier)$")
BEFORE = re.compile(r"\bbetween\b[^.]*\bactivation|\b(before|ahead of) (the|its|each|every) (\w+ )?activation", re.I)
EACH = re.compile(r"\b(each|every|all|both)\b[^.]*\blayers?\b", re.I)
PER_EPOCH = re.compile(r"\b(once|per|each|every|end of (an|the))( (per|an|each|every))? epoch", re.I)
LAST = "it is the network's last layer: it acts on the output"
EVERY = re.compile(r"\b(each|every)\b[^.]*\b(batch|step|epoch|example)|\bbatch", re.I)
NOISE = ("randn", "randn_like", "normal", "normal_")
KINDS = {"dropout": DROPOUT, "batch normalisation": NORM, "layer normalisation": NORM}


def find_misplacements(name: str, text: str, hunks: Sequence[Hunk]) -> list[str]:
    """Return one line per doubt about the technique `name`; none for code that is nested too deeply to be parsed."""
    try:
        return _find_misplacements(name, text, hunks)
    except RecursionError:
        return []


def _find_misplacements(name: str, text: str, hunks: Sequence[Hunk]) -> list[str]:
    bodies = [body for hunk in hunks if (body := parse_fragment([line.text for line in hunk.new]))]
    if name in KINDS:
        kind = KINDS[name]
        reasons = [
            *_check_output(kind, hunks, bodies),
            *_check_row_order(kind, text, hunks, bodies),
            *_check_prediction(bodies),
        ]
        return list(dict.fromkeys(reasons))
    checks = {
        "weight averaging": _check_averaging,
        "gradient clipping": _check_clipping,
        "noise on the inputs": _check_noise,
        "mixup": _check_mixup,
        "early stopping": _check_stopping,
        "ensemble": _check_seeds,
    }
    return list(checks[name](text, bodies)) if name in checks else []


def _name(node: ast.AST) -> str:
    """Return the last part of a call's name: `Dropout` of `nn.Dropout(0.3)`."""
    func = node.func if isinstance(node, ast.Call) else node
    return func.attr if isinstance(func, ast.Attribute) else func.id if isinstance(func, ast.Name) else ""


def _calls(nodes: Sequence[ast.AST]) -> Iterator[ast.Call]:
    yield from (part for node in nodes for part in ast.walk(node) if isinstance(part, ast.Call))


def _check_output(kind: re.Pattern[str], hunks: Sequence[Hunk], bodies: Sequence[list[ast.stmt]]) -> Iterator[str]:
    """Yield a doubt if it acts on the output. A normalisation as the last layer may have its activation elsewhere, so
    only dropout directly after a learned last layer counts."""
    for names, closed in map(_layers, hunks):
        if kind is DROPOUT and closed and len(names) > 1 and kind.search(names[-1]) and LEARNED.match(names[-2]):
            yield LAST
    for row in (row for body in bodies for row in _sequentials(body) if len(row.args) > 1):
        before, last = row.args[-2:]
        whole = isinstance(before, ast.Starred) or (LEARNED.match(_name(before)) and kind is DROPOUT)
        if whole and isinstance(last, ast.Call) and kind.search(_name(last)):
            yield LAST
    returned = {ast.dump(value) for hunk in hunks for value in _returns(hunk.old)}
    for inner in (call.args[0] for body in bodies for call in _calls(body) if call.args and kind.search(_name(call))):
        if (isinstance(inner, ast.Call) and NETWORK.match(_name(inner))) or _name(inner) == "logits":
            yield "it acts on the network's output"
        elif isinstance(inner, ast.Call) and ast.dump(inner) in returned and not ACTIVATION.match(_name(inner)):
            yield "it acts on what was returned: the network's output"


def _check_row_order(
    kind: re.Pattern[str], text: str, hunks: Sequence[Hunk], bodies: Sequence[list[ast.stmt]]
) -> Iterator[str]:
    """Yield doubts about rows of layers: not before the activation, or not at every one, if the claim asks for that."""
    rows = [names for hunk in hunks if len(names := _layers(hunk)[0]) > 1]
    rows += [[_name(pattern) for pattern in sequential.args] for body in bodies for sequential in _sequentials(body)]
    if BEFORE.search(text):
        late = [(a, b) for row in rows for a, b in pairwise(row) if kind.search(a) and LEARNED.match(b)]
        yield from (f"{a} stands before {b}, not before an activation" for a, b in late)
        for call in (call for body in bodies for call in _calls(body) if call.args and kind.search(_name(call))):
            if isinstance(call.args[0], ast.Call) and ACTIVATION.match(_name(call.args[0])):
                yield "it acts on the activation, not before it"
    if EACH.search(text):
        rows += [_call_names(node) for body in bodies for node in _statements(body) if _is_forward(node)]
        for row in rows:
            kinds, hidden = sum(bool(kind.search(name)) for name in row), _count_hidden(row)
            if 0 < kinds < hidden:
                yield f"it is there {kinds} times for {hidden} hidden layers"


def _count_hidden(row: Sequence[str]) -> int:
    """Return the number of layers that learn with an activation behind them; the activations where the row names no
    such layers, as in a `forward` that calls attributes."""
    activations = [place for place, name in enumerate(row) if ACTIVATION.search(name)]
    learned = [place for place, name in enumerate(row) if LEARNED.match(name)]
    return sum(place < max(activations, default=-1) for place in learned) if learned else len(activations)


def _check_prediction(bodies: Sequence[list[ast.stmt]]) -> Iterator[str]:
    """Yield a doubt if dropout is also active at prediction: a functional one is unless `training` says otherwise, and
    so is a module that `forward` makes anew, since nothing switches it off."""
    for node in (node for body in bodies for node in _statements(body)):
        if isinstance(node, ast.FunctionDef) and PREDICTS.match(node.name):
            for call in _calls([node]):
                training = [keyword.value for keyword in call.keywords if keyword.arg == "training"] or call.args[2:3]
                functional = re.search(r"(^|\.)(F|functional|torch)\.\w*dropout\w*$", ast.unparse(call.func))
                if functional and (not training or (isinstance(training[0], ast.Constant) and training[0].value)):
                    yield f"{node.name} drops at prediction too"
            if node.name == "forward" and _makes_dropout(node) and "self.training" not in ast.unparse(node):
                yield "forward makes it anew each time, so it drops at prediction too"


def _makes_dropout(node: ast.AST) -> bool:
    return any(re.fullmatch(r"\w*Dropout\d?d?", _name(call)) for call in _calls([node]))


def _layers(hunk: Hunk) -> tuple[list[str], bool]:
    """Return the names of layers written one per line, of the last such row, and whether the row ends in the hunk."""
    names: list[str] = []
    closed = False
    for line in hunk.new:
        text = line.text.partition("#")[0].strip()
        if match := re.fullmatch(r"(?:\w+\.)*([A-Z]\w*)\(.*\),?", text):
            names = [match[1]] if closed else [*names, match[1]]
            closed = False
        elif names and re.match(r"[)\]]", text):
            closed = True
    return names, closed


def _sequentials(body: Sequence[ast.AST]) -> Iterator[ast.Call]:
    yield from (call for call in _calls(body) if _name(call) == "Sequential")


def _returns(side: Sequence[Line]) -> Iterator[ast.expr]:
    for node in _statements(parse_fragment([line.text for line in side])):
        if isinstance(node, ast.Return) and node.value is not None:
            yield node.value


def _statements(body: Sequence[ast.stmt]) -> Iterator[ast.stmt]:
    yield from (part for node in body for part in ast.walk(node) if isinstance(part, ast.stmt))


def _is_forward(node: ast.stmt) -> bool:
    return (
        isinstance(node, ast.FunctionDef)
        and node.name == "forward"
        and not any(isinstance(part, (ast.For, ast.While, ast.comprehension)) for part in ast.walk(node))
    )


def _call_names(node: ast.stmt) -> list[str]:
    return [_name(call) for call in _calls([node])]


def _blocks(body: Sequence[ast.stmt]) -> Iterator[list[ast.stmt]]:
    """Yield lists of statements that run one after another, the outermost first. A fragment that begins inside a block
    has statements of several depths."""
    yield from (list(group) for _, group in groupby(body, lambda node: node.col_offset))
    for node in _statements(body):
        yield from (inner for name in ("body", "orelse") if (inner := getattr(node, name, None)))


def _calls_any(node: ast.stmt, names: Sequence[str]) -> bool:
    return any(_name(call) in names for call in _calls([node]))


def _has_body(node: ast.stmt) -> bool:
    return isinstance(node, (*COMPOUND, *DEFINITIONS))


def _is_loop(node: ast.stmt) -> bool:
    return isinstance(node, (ast.For, ast.While))


def _check_averaging(text: str, bodies: Sequence[list[ast.stmt]]) -> Iterator[str]:
    for block in (block for body in bodies for block in _blocks(body)):
        direct = [node for node in block if not _is_loop(node)]
        trains = any(isinstance(node, ast.Expr) and _calls_any(node, ["backward"]) for node in direct)
        if trains and PER_EPOCH.search(text) and any(_calls_any(node, ["update_parameters"]) for node in direct):
            yield "it averages after every batch, not once per epoch"


def _check_clipping(text: str, bodies: Sequence[list[ast.stmt]]) -> Iterator[str]:
    names = ["clip_grad_norm_", "clip_grad_value_", "clip_grad_norm"]
    for block in (block for body in bodies for block in _blocks(body)):
        index = next(
            (index for index, node in enumerate(block) if not _has_body(node) and _calls_any(node, names)), None
        )
        if index is None:
            continue
        before, after = (
            [name for node in side for name in _call_names(node)] for side in (block[:index], block[index + 1 :])
        )
        if any(_is_loop(node) and _calls_any(node, ["backward"]) for node in block):
            yield "it clips outside of the loop over batches"
        elif "backward" in after and "backward" not in before:
            yield "it clips before the gradients are there"
        elif "step" in before and "backward" in before and "step" not in after:
            yield "it clips after the step"
        elif "backward" in before and "zero_grad" in after and "step" in after[after.index("zero_grad") :]:
            yield "what it clips is set to zero before the step"


def _check_stopping(text: str, bodies: Sequence[list[ast.stmt]]) -> Iterator[str]:
    for block in (block for body in bodies for block in _blocks(body)):
        trains = any(not _has_body(node) and _calls_any(node, ["backward"]) for node in block)
        breaks = [node for node in block if isinstance(node, ast.If) and any(map(_is_break, _statements([node])))]
        if trains and breaks:
            yield "it leaves the loop over batches alone"


def _is_break(node: ast.stmt) -> bool:
    return isinstance(node, ast.Break)


def _check_noise(text: str, bodies: Sequence[list[ast.stmt]]) -> Iterator[str]:
    """Yield doubts about noise that is added at prediction too, drawn once only, or added on top of earlier noise."""
    for node in (node for body in bodies for node in _statements(body)):
        if not isinstance(node, ast.FunctionDef) or not PREDICTS.match(node.name) or "train" in ast.unparse(node):
            continue
        if _calls_any(node, NOISE):
            yield f"{node.name} adds it at prediction too"
    for block in (block for body in bodies for block in _blocks(body)):
        draws_noise = any(not _has_body(node) and _calls_any(node, NOISE) for node in block)
        if draws_noise and any(_is_loop(node) and _is_of_epochs(node) for node in block) and EVERY.search(text):
            yield "it is drawn once, not for each batch"
    yield from _find_accumulated(bodies, lambda value: any(_name(call) in NOISE for call in _calls([value])))


def _is_of_epochs(loop: ast.stmt) -> bool:
    if isinstance(loop, ast.For) and "epoch" in f"{ast.unparse(loop.target)} {ast.unparse(loop.iter)}".lower():
        return True
    inner = [node for node in ast.walk(loop) if isinstance(node, ast.stmt) and node is not loop and _is_loop(node)]
    return any(_calls_any(node, ["backward"]) for node in inner) or any(
        re.match(r"train|fit|\w*epoch", _name(call)) and _name(call) != "train" for call in _calls([loop])
    )


def _find_accumulated(bodies: Sequence[list[ast.stmt]], acts: Callable[[ast.expr], bool]) -> Iterator[str]:
    """Yield names that a loop changes again in each round and never resets."""
    for loop in (node for body in bodies for node in _statements(body) if isinstance(node, ast.For)):
        writes = [(node, names_written(node)) for node in _statements(loop.body)]
        reset = {name for node, names in writes for name in names if not names & names_used_as_input(node)}
        reset |= {part.id for part in ast.walk(loop.target) if isinstance(part, ast.Name)}
        for node, names in writes:
            itself = isinstance(node, ast.AugAssign) or names & names_used_as_input(node)
            if isinstance(node, (ast.Assign, ast.AugAssign)) and itself and acts(node.value) and not names & reset:
                yield f"{', '.join(sorted(names))} is changed again in each round, and never taken anew"


def _check_mixup(text: str, bodies: Sequence[list[ast.stmt]]) -> Iterator[str]:
    """Yield a doubt if partners are indexed within the batch but taken from all examples: always the first ones."""
    code = "\n".join(ast.unparse(node) for body in bodies for node in body)
    pattern = r"(\w+) = torch\.randperm\(\(?(?:len\((\w+)\)|(\w+)\.(?:size\(0\)|shape\[0\]|numel\(\)))"
    for match in re.finditer(pattern, code):
        partner, rows = match[1], match[2] or match[3]
        arrays = set(re.findall(rf"(?<![\w.\]])(\w+)\[{re.escape(rows)}\]", code))
        shared = sorted(arrays & set(re.findall(rf"(?<![\w.\]])(\w+)\[{re.escape(partner)}\]", code)))
        if shared:
            yield f"{shared[0]}[{partner}] is one of the first examples, not of the batch"
    yield from _find_accumulated(bodies, lambda value: bool(re.search(r"\(1(\.0)? - \w+\) \*", ast.unparse(value))))


def _check_seeds(text: str, bodies: Sequence[list[ast.stmt]]) -> Iterator[str]:
    """Yield a doubt if every network gets the same seed: then all are the same."""
    for loop in (node for body in bodies for node in _statements(body) if isinstance(node, ast.For)):
        inside = {part.id for part in ast.walk(loop) if isinstance(part, ast.Name) and isinstance(part.ctx, ast.Store)}
        for call in _calls(loop.body):
            arguments = {part.id for arg in call.args for part in ast.walk(arg) if isinstance(part, ast.Name)}
            if _name(call) == "manual_seed" and not arguments & inside and not any(map(_draws, call.args)):
                yield f"{ast.unparse(call)} makes every network the same"


def _draws(argument: ast.expr) -> bool:
    return any(isinstance(part, ast.Call) and _name(part) not in ("int", "float") for part in ast.walk(argument))
