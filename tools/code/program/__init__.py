"""Programs as text: addresses, edits from replies, splicing, imports and recorded versions."""
