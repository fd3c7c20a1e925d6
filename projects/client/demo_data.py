"""The data of `pm demo`: a small product halfway through its third sprint."""

from __future__ import annotations

SPRINTS = (
    # name, goal, first day relative to today, last day, status, unfinished items
    ("A first map", "See where I am.", -38, -24, "completed", (7,)),
    ("Trails on the map", "Find a trail nearby and see how long it is.", -23, -9, "completed", ()),
    ("Ready for the weekend", "Walk a trail without a network.", -8, 6, "active", ()),
    ("Share it", "Photos and ratings.", 7, 21, "planned", ()),
)
# Number, type, parent, sprint (0: none), status, priority, points, assignee, labels,
# days since creation, start and completion, title
ITEMS = (
    (1, "epic", 0, 0, "in_progress", "high", None, "ada", "", 45, 38, None, "Find a trail"),
    (2, "epic", 0, 0, "in_progress", "high", None, "ada", "offline", 45, 8, None, "Walk without a network"),
    (3, "epic", 0, 0, "backlog", "medium", None, "", "", 24, None, None, "Share trails with others"),
    (4, "story", 1, 2, "done", "high", 8, "ada", "map", 29, 22, 17, "See the trails around me on a map"),
    (5, "task", 4, 2, "done", "medium", 3, "llm", "map", 29, 21, 19, "Read trails from GPX files"),
    (6, "task", 4, 2, "done", "medium", 2, "llm", "map", 29, 19, 18, "Cluster the markers when zoomed out"),
    (7, "story", 1, 2, "done", "medium", 5, "bob", "", 42, 16, 12, "Filter by length and climb"),
    (8, "task", 0, 2, "done", "critical", 2, "llm", "bug", 15, 14, 14, "Crash on trails that cross the date line"),
    (9, "story", 1, 3, "done", "medium", 3, "bob", "", 20, 8, 6, "Show the elevation of a trail as a curve"),
    (10, "story", 2, 3, "in_progress", "high", 5, "ada", "offline", 20, 7, None, "Download a region for later"),
    (11, "task", 10, 3, "done", "high", 3, "llm", "offline", 12, 6, 4, "Store map tiles in one file per region"),
    (12, "task", 10, 3, "review", "high", 2, "llm", "offline", 12, 4, None, "Resume a broken download"),
    (13, "task", 10, 3, "todo", "medium", 1, "", "offline,ui", 12, None, None, "Show how much space a region takes"),
    (14, "task", 10, 3, "todo", "high", 2, "", "offline", 5, None, None, "Delete the oldest region when disk is full"),
    (15, "story", 2, 3, "todo", "medium", 3, "bob", "offline", 15, None, None, "Know where I am without a network"),
    (16, "task", 15, 3, "todo", "medium", 2, "", "battery", 10, None, None, "Ask for the position less often at rest"),
    (17, "task", 0, 3, "in_progress", "critical", 1, "bob", "bug", 3, 1, None, "Distances are wrong in imperial units"),
    (18, "task", 0, 3, "blocked", "medium", 1, "ada", "release", 12, 5, None, "Publish to the store"),
    (19, "story", 3, 4, "backlog", "medium", 5, "", "photos", 20, None, None, "Attach photos to a place on the trail"),
    (20, "story", 3, 4, "backlog", "low", 3, "", "", 20, None, None, "Rate a trail after the walk"),
    (21, "task", 19, 0, "backlog", "high", 2, "", "photos,privacy", 14, None, None, "Strip the location from photos"),
    (22, "task", 0, 0, "backlog", "low", 1, "", "docs", 6, None, None, "Credit the map sources in the help"),
    (23, "story", 1, 1, "done", "high", 8, "ada", "map", 43, 38, 32, "Scroll and zoom a map"),
    (24, "task", 23, 1, "done", "high", 3, "llm", "map", 43, 37, 34, "Fetch tiles and keep the latest in memory"),
    (25, "task", 23, 1, "done", "medium", 2, "bob", "map", 43, 33, 32, "Show the attribution of the map"),
    (26, "story", 1, 1, "done", "medium", 3, "bob", "", 42, 30, 27, "See where I stand on the map"),
    (27, "task", 0, 3, "done", "medium", 3, "llm", "ui", 11, 3, 2, "Remember the last region across restarts"),
    (28, "story", 3, 0, "backlog", "medium", 5, "", "", 9, None, None, "Send a trail to a friend as a link"),
    (29, "task", 0, 0, "backlog", "low", 2, "", "ui", 4, None, None, "Larger letters for bright sunshine"),
)
BLOCKS = ((12, 13), (11, 14), (17, 18), (21, 19), (11, 16))  # the first blocks the second
TEXTS = {
    10: "As a hiker I want the whole region on my phone, since valleys have no network.\n\n- [x] tiles\n- [ ] resume\n"
    "- [ ] space\n\nDEMO-11 defines the file format.",
    12: "Continue an interrupted download where it stopped: `Range: bytes=…`, validated by the `ETag`.",
    17: "1 mi is shown as **1.6 mi**. Happens since DEMO-7.",
}
COMMENTS = (
    # item, author, days ago, text
    (12, "llm", 2, "Done, except for servers without `Range`: those downloads restart. Ready for review."),
    (12, "ada", 1, "Works on my phone. Please add a test for a changed `ETag`."),
    (17, "bob", 1, "Found it: the conversion runs twice. Fixing it in the view, not in the model."),
    (18, "ada", 5, "Blocked by DEMO-17: nobody should walk 1.6 times too far."),
)
