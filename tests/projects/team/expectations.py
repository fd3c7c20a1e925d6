"""What each route of a team's server needs, as one table: to read it, and to send a form or change something.

A route that is missing here fails the tests, so a new one needs a decision. `NEVER` is for methods that nobody has.
"""

from __future__ import annotations

ANYBODY, VIEWER, MEMBER, MAINTAINER, ADMINISTRATOR, NEVER = range(6)

# Groups of routes: what a GET needs, what a write needs. A route that names a project or a row is for who sees that.
_GROUPS: tuple[tuple[int, int, str], ...] = (
    # The API. Work of members:
    (
        VIEWER,
        MEMBER,
        "workitem-list workitem-detail workitem-accept workitem-back workitem-begin workitem-begin-next workitem-brief "
        "workitem-bulk-update workitem-checks workitem-claim workitem-claim-next workitem-edit workitem-evidence "
        "workitem-log workitem-move workitem-note workitem-ready workitem-readiness workitem-release workitem-renew "
        "workitem-restore workitem-return-to-author workitem-review workitem-sent-back workitem-show workitem-tick "
        "workitem-tree workitem-waive comment-list comment-detail comment-confirm comment-restore question-list "
        "question-detail question-answer question-outcome question-restore question-withdraw sprint-list sprint-detail "
        "sprint-cancel sprint-complete sprint-reopen sprint-report sprint-restore sprint-start dependency-list "
        "dependency-detail dependency-restore timeentry-list timeentry-detail timeentry-restore timeentry-start "
        "timeentry-stop timeentry-stop-running criterion-list criterion-detail criterion-restore criterion-tick "
        "criterion-untick checkrun-list checkrun-detail checkrun-open checkrun-finish attachment-list "
        "attachment-detail attachment-content attachment-restore review-list review-detail review-restore waiver-list "
        "waiver-detail waiver-restore savedview-list savedview-detail savedview-restore plan commit-reports",
    ),
    # What shapes a project:
    (
        VIEWER,
        MAINTAINER,
        "project-detail project-restore project-stats swimlane-list swimlane-detail swimlane-reorder swimlane-restore "
        "label-list label-detail label-colour label-rename label-restore label-used check-list check-detail "
        "check-approve check-restore members member",
    ),
    (VIEWER, ADMINISTRATOR, "project-list"),
    (
        VIEWER,
        NEVER,
        "activity-list inbox news sessions whoami search changes commits commits-orphans commits-diff stats forecast "
        "export export-items tokens schema docs",
    ),
    (
        ADMINISTRATOR,
        ADMINISTRATOR,
        "import import-from import-progress backup server server-stop board-digests board-history",
    ),
    (
        ADMINISTRATOR,
        ADMINISTRATOR,
        "sync sync-start sync-apply sync-disable sync-verify sync-skip sync-repair sync-upgrade sync-unpublished",
    ),
    (NEVER, NEVER, "login-links"),
    (ANYBODY, ANYBODY, "news-seen session-end token device-codes device-token"),
    (ANYBODY, NEVER, "health ready login-link"),
    # Pages:
    (
        VIEWER,
        NEVER,
        "home activity activity-all agents board board-choose sprints sprints-choose insights insights-choose "
        "settings-labels-all settings-people settings-deleted-all settings-deleted settings-members-all list list-all "
        "item-graph item-offer item-panel item item-commit attachment picture settings search palette design style "
        "inbox favicon",
    ),
    (
        NEVER,
        MEMBER,
        "inbox-act agents-note agents-item-note agents-hand-over agents-end agents-give-back board-move board-add "
        "bulk-undo view-change view-add view-add-all criterion item-criterion comment-tick comment attachment-remove "
        "question dependency time-entry undo new-item-undo sprints-move sprints-create sprint-change item-tick "
        "item-delete item-restore item-review item-release item-comment item-attach item-child item-link item-timer "
        "item-time",
    ),
    (VIEWER, MEMBER, "bulk"),
    (MEMBER, MEMBER, "new-item new-item-dialog item-field"),
    (VIEWER, MAINTAINER, "settings-project settings-labels settings-members"),
    (
        NEVER,
        MAINTAINER,
        "project-delete settings-policies settings-check settings-check-add board-columns board-columns-order "
        "board-column",
    ),
    (VIEWER, ADMINISTRATOR, "settings-projects"),
    (
        NEVER,
        ADMINISTRATOR,
        "project-example settings-active settings-kind settings-kinds settings-default-role sync-enable sync-run "
        "sync-change",
    ),
    (ADMINISTRATOR, NEVER, "project-key"),
    (ADMINISTRATOR, ADMINISTRATOR, "restore restore-look"),
    (ANYBODY, ANYBODY, "login logout device own-tokens look live signed-out inbox-notifications preview"),
)
NEEDED = {name: (read, write) for read, write, names in _GROUPS for name in names.split()}
# Names that routes of the API and pages share need the same in both, except these pages.
OF_PAGES = {
    "sync": (ADMINISTRATOR, NEVER),
    "project-restore": (NEVER, MAINTAINER),
    "sync-disable": (NEVER, ADMINISTRATOR),
}
