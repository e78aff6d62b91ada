"""Steps with side effects: done once, repeated where the machinery spoiled them, and charged to the budget."""
