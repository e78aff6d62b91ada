"""Real models with random weights: scores are those of a plain pass, whatever the batch; what is wrong is one line."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.torch import load_file, save_file
from transformers import AutoModel, AutoModelForCausalLM, AutoModelForTokenClassification

from agents.verifiers.checkpoints.known import Checkpoint, layouts
from agents.verifiers.checkpoints.layouts import find_labels, lay_out
from agents.verifiers.checkpoints.loading import load_tokenizer
from agents.verifiers.checkpoints.scorer import CheckpointVerifier
from agents.verifiers.protocol import Solution
from pelagos.errors import BadInput, BadScore, MissingPart
from tests.agents.verifiers import tiny

LAYOUTS = ["qwen", "trl", "pure", "shepherd", "versaprm", "rlhflow", "procedure", "skywork"]
SOLUTIONS = [
    Solution("Add two and two.", ("Two is 2.", "2 + 2 = 4.", "So it is 4.")),
    Solution("Say which is larger: 3 or 4.", ("3 < 4.",)),
    Solution("Nothing.", ()),
    Solution("P", ("A step that is much longer than all of the others, to make the padding long. " * 2, "b")),
]


def verifier(folder: Path, layout: str, **options: Any) -> CheckpointVerifier:
    return CheckpointVerifier(Checkpoint(f"tiny/{layout}", layouts()[layout]), folder, **options)


@pytest.fixture(scope="session")
def verifiers(checkpoints: dict[str, Path]) -> dict[str, CheckpointVerifier]:
    return {layout: verifier(folder, layout) for layout, folder in checkpoints.items()}


def plain_pass(layout: str, folder: Path, solution: Solution) -> list[float]:
    """The step scores as the makers' own code computes them, by the public classes of transformers."""
    checkpoint, tokenizer = Checkpoint("x/y", layouts()[layout]), load_tokenizer(folder, "x/y")
    labels = find_labels(tokenizer, checkpoint)
    encoded = lay_out(tokenizer, checkpoint, labels, solution)
    ids = torch.tensor([encoded.ids])
    with torch.no_grad():
        if layout in ("trl", "pure"):
            logits = AutoModelForTokenClassification.from_pretrained(folder)(ids).logits[0].softmax(-1)
            difference = logits[:, 1] - logits[:, 0]  # PURE's reward, in [-1, 1]
            scores = (difference + 1) / 2
        elif layout in ("qwen", "skywork"):
            hidden, weights = (
                AutoModel.from_pretrained(folder)(ids).last_hidden_state[0],
                load_file(folder / "model.safetensors"),
            )
            if layout == "skywork":
                scores = torch.sigmoid(hidden @ weights["v_head.summary.weight"][0] + weights["v_head.summary.bias"])
            else:
                inner = torch.relu(hidden @ weights["score.0.weight"].T + weights["score.0.bias"])
                scores = (inner @ weights["score.2.weight"].T + weights["score.2.bias"]).softmax(-1)[:, 1]
        else:
            logits = AutoModelForCausalLM.from_pretrained(folder)(ids).logits[0]
            scores = logits[:, [labels.positive, labels.negative]].softmax(-1)[:, 0]
    return [float(scores[position]) for position in encoded.positions]


@pytest.mark.parametrize("layout", LAYOUTS)
def test_the_scores_are_those_of_a_plain_pass(
    layout: str, checkpoints: dict[str, Path], verifiers: dict[str, CheckpointVerifier]
) -> None:
    results = verifiers[layout].score(SOLUTIONS)
    for solution, result in zip(SOLUTIONS, results, strict=True):
        expected = plain_pass(layout, checkpoints[layout], solution) if solution.steps else []
        assert result.scores == pytest.approx(expected, abs=1e-5)
    assert 1e-3 < results[0].scores[0] < 1 - 1e-3  # a saturated score would agree with anything


@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_step_is_scored_as_if_it_were_the_last(layout: str, verifiers: dict[str, CheckpointVerifier]) -> None:
    """One pass gives what one pass per prefix gives: no step sees a later one."""
    whole = SOLUTIONS[0]
    prefixes = [Solution(whole.problem, whole.steps[:count]) for count in (1, 2, 3)]
    scored = verifiers[layout].score([whole, *prefixes])
    assert scored[0].scores == pytest.approx([prefix.scores[-1] for prefix in scored[1:]], abs=1e-5)


@pytest.mark.parametrize("layout", ["qwen", "rlhflow"])
@settings(max_examples=8)
@given(others=st.lists(st.text("ab \n+", max_size=60), max_size=5), place=st.integers(0, 5))
def test_scores_depend_neither_on_the_batch_nor_on_padding(
    layout: str, others: list[str], place: int, verifiers: dict[str, CheckpointVerifier]
) -> None:
    alone = verifiers[layout].score([SOLUTIONS[0]])[0]
    batch = [Solution(text, (text, "b")) for text in others]
    batch.insert(place, SOLUTIONS[0])
    among = verifiers[layout].score(batch)[min(place, len(others))]
    assert among.scores == pytest.approx(alone.scores, abs=1e-5)
    assert among.usage.read == alone.usage.read


def test_usage_counts_tokens_without_padding(
    checkpoints: dict[str, Path], verifiers: dict[str, CheckpointVerifier]
) -> None:
    results = verifiers["trl"].score(SOLUTIONS)
    tokenizer, checkpoint = load_tokenizer(checkpoints["trl"], "x"), Checkpoint("x/y", layouts()["trl"])
    labels = find_labels(tokenizer, checkpoint)
    lengths = [len(lay_out(tokenizer, checkpoint, labels, each).ids) if each.steps else 0 for each in SOLUTIONS]
    weights = sum(tensor.numel() for tensor in load_file(checkpoints["trl"] / "model.safetensors").values())
    assert [result.usage.read for result in results] == lengths
    assert [result.usage.flops for result in results] == [2.0 * weights * length for length in lengths]
    assert all((result.usage.seconds > 0) == bool(result.scores) for result in results)
    assert {result.usage.written for result in results} == {0}


def test_small_batches_give_the_same(checkpoints: dict[str, Path], verifiers: dict[str, CheckpointVerifier]) -> None:
    one_by_one = verifier(checkpoints["qwen"], "qwen", batch=1).score(SOLUTIONS)
    for result, other in zip(one_by_one, verifiers["qwen"].score(SOLUTIONS), strict=True):
        assert result.scores == pytest.approx(other.scores, abs=1e-5)


def test_nothing_is_loaded_before_a_solution_is_scored(tmp_path: Path) -> None:
    lazy = verifier(tmp_path / "nowhere", "qwen")
    assert lazy.name == "classes: tiny/qwen"
    assert [result.scores for result in lazy.score([Solution("P", ())])] == [[]]
    with pytest.raises(BadInput, match="checkpoint tiny/qwen: its tokenizer can't be loaded: "):
        lazy.score(SOLUTIONS)


def copy(folder: Path, to: Path, change: Callable[[dict[str, torch.Tensor]], dict[str, torch.Tensor]]) -> Path:
    shutil.copytree(folder, to)
    save_file(change(load_file(to / "model.safetensors")), to / "model.safetensors", {"format": "pt"})
    return to


def test_nan_is_no_score(checkpoints: dict[str, Path], tmp_path: Path) -> None:
    def spoil(weights: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
        return weights | {"score.2.bias": torch.tensor([0.0, float("nan")])}

    spoiled = copy(checkpoints["qwen"], tmp_path / "nan", spoil)
    with pytest.raises(BadScore, match="classes: tiny/qwen: step 1 of 3 is scored nan: no probability"):
        verifier(spoiled, "qwen").score(SOLUTIONS[:1])


@pytest.mark.parametrize(
    ("layout", "made_for", "line"),
    [
        ("qwen", "versaprm", "reads the step tag '<extra_0>' as 5 tokens"),
        ("trl", "versaprm", r"has no head \(score., v_head.\): it is no process reward model of this kind"),
        ("skywork", "qwen", "its head has 2 columns and should have 1: it is of another kind"),
        ("trl", "skywork", "its head has 1 columns and should have 2: it is of another kind"),
        ("rlhflow", "qwen", r"as \d+ tokens, not as one: take the tokenizer"),
    ],
)
def test_a_checkpoint_of_another_kind_is_refused(
    layout: str, made_for: str, line: str, checkpoints: dict[str, Path]
) -> None:
    with pytest.raises(BadInput, match=f"checkpoint tiny/{layout}: .*{line}") as refused:
        verifier(checkpoints[made_for], layout).score(SOLUTIONS)
    assert "\n" not in str(refused.value)


def test_a_head_as_wide_as_the_vocabulary_is_refused(checkpoints: dict[str, Path], tmp_path: Path) -> None:
    def widen(weights: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
        kept = {name: weight for name, weight in weights.items() if not name.startswith("score")}
        return kept | {"score.weight": torch.zeros(152_064, 32)}

    wide = copy(checkpoints["qwen"], tmp_path / "wide", widen)
    with pytest.raises(BadInput, match=r"its head has 152,064 columns and should have 2"):
        verifier(wide, "qwen").score(SOLUTIONS)


def test_weights_that_would_be_random_are_refused(checkpoints: dict[str, Path], tmp_path: Path) -> None:
    def cut(weights: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
        return {name: weight for name, weight in weights.items() if "layers.1.mlp" not in name}

    with pytest.raises(BadInput, match=r"its files lack 3 weights of a Qwen2Model, layers\.1\.mlp\.down_proj"):
        verifier(copy(checkpoints["qwen"], tmp_path / "cut", cut), "qwen").score(SOLUTIONS)


def test_damaged_files_are_one_line(checkpoints: dict[str, Path], tmp_path: Path) -> None:
    shutil.copytree(checkpoints["qwen"], tmp_path / "half")
    with (tmp_path / "half" / "model.safetensors").open("r+b") as file:
        file.truncate(1000)
    with pytest.raises(BadInput, match="checkpoint tiny/qwen: its model can't be loaded: ") as refused:
        verifier(tmp_path / "half", "qwen").score(SOLUTIONS)
    assert "\n" not in str(refused.value)


def test_an_adapter_alone_is_refused(checkpoints: dict[str, Path], tmp_path: Path) -> None:
    shutil.copytree(checkpoints["versaprm"], tmp_path / "adapter")
    (tmp_path / "adapter" / "adapter_config.json").write_text("{}")
    with pytest.raises(BadInput, match="is a LoRA adapter, not a whole model: merge it into its base model first"):
        verifier(tmp_path / "adapter", "versaprm").score(SOLUTIONS)


def test_a_step_behind_the_context_is_named(checkpoints: dict[str, Path]) -> None:
    long = Solution("P", ("short.", "word " * 300))
    with pytest.raises(BadInput, match=r"tiny/trl: solution 2, step 2 ends at token 15\d\d, and the model reads 512"):
        verifier(checkpoints["trl"], "trl").score([SOLUTIONS[0], long])


def test_pytorch_files_are_read_as_well(
    checkpoints: dict[str, Path], verifiers: dict[str, CheckpointVerifier], tmp_path: Path
) -> None:
    shutil.copytree(checkpoints["skywork"], tmp_path / "bin")
    weights = tmp_path / "bin" / "model.safetensors"
    torch.save(load_file(weights), tmp_path / "bin" / "pytorch_model.bin")
    weights.unlink()
    scores = verifier(tmp_path / "bin", "skywork").score(SOLUTIONS[:1])[0].scores
    assert scores == pytest.approx(verifiers["skywork"].score(SOLUTIONS[:1])[0].scores, abs=1e-6)


OWN_CODE = """
import torch
from transformers import LlamaModel, LlamaConfig

class ScalarConfig(LlamaConfig):
    model_type = "scalar_llama"

class ScalarModel(LlamaModel):
    config_class = ScalarConfig
    def forward(self, input_ids, attention_mask=None, **kwargs):
        return {"pred_scalar": (input_ids % 100).float() / SCALE}
"""


def own_code(folder: Path, scale: float) -> Path:
    """A checkpoint whose own code computes the scores, as Babelscape's Llama does."""
    tiny.save_language_model(folder, "llama", tiny.mistral_tokenizer())
    (folder / "own.py").write_text(OWN_CODE.replace("SCALE", str(scale)))
    auto = {"AutoConfig": "own.ScalarConfig", "AutoModel": "own.ScalarModel"}
    tiny.rewrite_config(folder, model_type="scalar_llama", architectures=["ScalarModel"], auto_map=auto)
    return folder


def test_own_code_runs_only_where_it_is_trusted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("transformers.dynamic_module_utils.HF_MODULES_CACHE", str(tmp_path / "modules"))
    folder = own_code(tmp_path / "pddl", 100)
    with pytest.raises(BadInput, match="tiny/pddl: its own code computes the scores, and it may not run here"):
        verifier(folder, "pddl").score(SOLUTIONS[:1])
    assert verifier(folder, "pddl", remote_code="trusted").score(SOLUTIONS[:1])[0].scores == pytest.approx([0.02] * 3)
    with pytest.raises(BadScore, match=r"scalar: tiny/pddl: step 1 of 3 is scored 2\.0: no probability"):
        verifier(own_code(tmp_path / "raw", 1), "pddl", remote_code="trusted").score(SOLUTIONS[:1])


def test_a_missing_library_is_named(checkpoints: dict[str, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "transformers", None)
    with pytest.raises(
        MissingPart, match=r"verifier checkpoints need transformers: pip install 'pelagos\[verifiers\]'"
    ):
        verifier(checkpoints["qwen"], "qwen").score(SOLUTIONS)


def test_no_heavy_library_is_imported_before_it_is_needed() -> None:
    modules = "checkpoints.scorer", "checkpoints.pooling", "checkpoints.locate", "implicit.scorer"
    imports = "; ".join(f"import agents.verifiers.{module}" for module in modules)
    check = f"import sys; {imports}; print(sorted({{'torch', 'transformers', 'safetensors'}} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", check], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
