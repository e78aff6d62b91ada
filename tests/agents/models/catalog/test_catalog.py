"""What the catalog says of each model: pinned, or the makers' own upload, and always its terms."""

from __future__ import annotations

from agents.models.catalog.catalog import DEFAULT, find_entry, list_entries


def test_what_is_packaged_is_pinned_and_the_rest_is_the_makers_own() -> None:
    for item in list_entries():
        assert item.licence.startswith(item.terms) and item.origin and item.about
        if item.asset:
            assert len(item.asset.sha256) == 64
            assert item.asset.parts
            assert (item.name, item.size, item.file) == (item.asset.name, item.asset.size, item.asset.file)
        else:
            assert item.repository.startswith("Qwen/Qwen2.5-Coder-")
            assert item.size > find_entry(DEFAULT).size


def test_names_files_and_engines() -> None:
    assert find_entry("") == find_entry("embedded") == find_entry(DEFAULT)
    names = [item.name for item in list_entries()]
    assert len(set(names)) == len(names)
    assert not any("-3b" in name for name in names)  # of another licence
    assert {item.engine for item in list_entries() if item.name.endswith("-awq")} == {"vllm"}
    assert all(
        item.file.endswith(".gguf") and len(item.files) == 1 for item in list_entries() if item.engine == "llama"
    )
