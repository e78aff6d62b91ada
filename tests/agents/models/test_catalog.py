"""What the catalog says of each model: pinned, or the makers' own upload, and always its terms."""

from __future__ import annotations

from agents.models.catalog import DEFAULT, entries, entry


def test_what_is_packaged_is_pinned_and_the_rest_is_the_makers_own() -> None:
    for item in entries():
        assert item.licence.startswith(item.terms) and item.origin and item.about
        if item.asset:
            assert len(item.asset.sha256) == 64
            assert item.asset.parts
            assert (item.name, item.size, item.file) == (item.asset.name, item.asset.size, item.asset.file)
        else:
            assert item.repository.startswith("Qwen/Qwen2.5-Coder-")
            assert item.size > entry(DEFAULT).size


def test_names_files_and_engines() -> None:
    assert entry("") == entry("embedded") == entry(DEFAULT)
    names = [item.name for item in entries()]
    assert len(set(names)) == len(names)
    assert not any("-3b" in name for name in names)  # of another licence
    assert {item.engine for item in entries() if item.name.endswith("-awq")} == {"vllm"}
    assert all(item.file.endswith(".gguf") and len(item.files) == 1 for item in entries() if item.engine == "llama")
