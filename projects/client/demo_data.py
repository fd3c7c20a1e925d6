"""The example of `pm demo` as data: a small product half-way through its second sprint."""

from __future__ import annotations

SPRINTS = (
    # name, goal, first day from today, last day, status
    ("Trails on the map", "Find a trail nearby and see how long it is.", -26, -12, "completed"),
    ("Ready for the weekend", "Walk a trail without a network.", -11, 3, "active"),
    ("Share it", "Photos and ratings.", 4, 18, "planned"),
)
# Number, type, parent, sprint (0 none), status, priority, points, assignee, labels, days ago: made, begun, done; title
ITEMS = (
    (1, "epic", 0, 0, "in_progress", "high", None, "ada", "", 30, 26, None, "Find a trail"),
    (2, "epic", 0, 0, "in_progress", "high", None, "ada", "offline", 30, 10, None, "Walk without a network"),
    (3, "epic", 0, 0, "backlog", "medium", None, "", "", 24, None, None, "Tell others about it"),
    (4, "story", 1, 1, "done", "high", 5, "ada", "map", 29, 25, 21, "See the trails around me on a map"),
    (5, "task", 4, 1, "done", "medium", 3, "llm", "map", 29, 24, 22, "Read trails from GPX files"),
    (6, "task", 4, 1, "done", "medium", 2, "llm", "map", 29, 22, 21, "Cluster the markers when zoomed out"),
    (7, "story", 1, 1, "done", "medium", 3, "bob", "", 28, 19, 15, "Filter by length and climb"),
    (8, "task", 0, 1, "done", "critical", 1, "llm", "bug", 18, 17, 17, "Crash on trails that cross the date line"),
    (9, "story", 1, 2, "done", "medium", 3, "bob", "", 20, 10, 6, "Show the elevation of a trail as a curve"),
    (10, "story", 2, 2, "in_progress", "high", 8, "ada", "offline", 20, 9, None, "Download a region for later"),
    (11, "task", 10, 2, "done", "high", 3, "llm", "offline", 12, 9, 5, "Store map tiles in one file per region"),
    (12, "task", 10, 2, "review", "high", 2, "llm", "offline", 12, 4, None, "Resume a broken download"),
    (13, "task", 10, 2, "todo", "medium", 2, "", "offline,ui", 12, None, None, "Show how much space a region takes"),
    (
        14,
        "task",
        10,
        2,
        "todo",
        "high",
        3,
        "",
        "offline",
        9,
        None,
        None,
        "Delete the oldest region when space runs out",
    ),
    (15, "story", 2, 2, "todo", "medium", 5, "bob", "offline", 15, None, None, "Know where I am without a network"),
    (16, "task", 15, 2, "todo", "medium", 3, "", "battery", 10, None, None, "Ask for the position less often at rest"),
    (
        17,
        "task",
        0,
        2,
        "in_progress",
        "critical",
        2,
        "bob",
        "bug",
        3,
        1,
        None,
        "Distances are wrong with imperial units",
    ),
    (18, "task", 0, 2, "blocked", "medium", 1, "ada", "release", 8, 5, None, "Publish to the store"),
    (19, "story", 3, 3, "backlog", "medium", 5, "", "photos", 20, None, None, "Attach photos to a place on the trail"),
    (20, "story", 3, 3, "backlog", "low", 3, "", "", 20, None, None, "Rate a trail after the walk"),
    (21, "task", 19, 0, "backlog", "high", 2, "", "photos,privacy", 14, None, None, "Strip the location from photos"),
    (22, "task", 0, 0, "backlog", "low", 1, "", "docs", 6, None, None, "Say in the help where the maps come from"),
)
BLOCKS = ((12, 13), (11, 14), (17, 18), (21, 19), (11, 16))  # the first blocks the second
TEXTS = {
    10: "As a hiker I want the whole region on my phone, since valleys have no network.\n\n- [x] tiles\n- [ ] resume\n"
    "- [ ] space\n\nThe file format is DEMO-11's.",
    12: "A download that was cut goes on where it stopped: `Range: bytes=…`, checked by the `ETag`.",
    17: "1 mi is shown as **1.6 mi**. Happens since DEMO-7.",
}
COMMENTS = (
    # item, author, days ago, text
    (12, "llm", 2, "Done but for servers without `Range`: those begin anew. Ready for review."),
    (12, "ada", 1, "Works on my phone. Please add a test for a changed `ETag`."),
    (17, "bob", 1, "Found it: the conversion runs twice. Fixing it in the view, not in the model."),
    (18, "ada", 5, "Waits for DEMO-17; nobody shall walk 1.6 times too far."),
)
