"""The REST API: one more door to the engine, for other systems. It parses, asks the rooms below, and renders."""
