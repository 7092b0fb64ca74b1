"""Pages for people: server-rendered HTML without scripts. `shell` draws, every other module is one page or a few."""
