-- Written by `python -m tests.golden` from migrations with the digest 0e15eb05699539ae
CREATE TABLE "django_migrations" ("id" integer NOT NULL PRIMARY KEY AUTOINCREMENT, "app" varchar(255) NOT NULL, "name" varchar(255) NOT NULL, "applied" datetime NOT NULL);
CREATE TABLE "django_content_type" ("id" integer NOT NULL PRIMARY KEY AUTOINCREMENT, "app_label" varchar(100) NOT NULL, "model" varchar(100) NOT NULL);
CREATE UNIQUE INDEX "django_content_type_app_label_model_76bd3d3b_uniq" ON "django_content_type" ("app_label", "model");
CREATE TABLE "auth_group_permissions" ("id" integer NOT NULL PRIMARY KEY AUTOINCREMENT, "group_id" integer NOT NULL REFERENCES "auth_group" ("id") DEFERRABLE INITIALLY DEFERRED, "permission_id" integer NOT NULL REFERENCES "auth_permission" ("id") DEFERRABLE INITIALLY DEFERRED);
CREATE UNIQUE INDEX "auth_group_permissions_group_id_permission_id_0cd325b0_uniq" ON "auth_group_permissions" ("group_id", "permission_id");
CREATE INDEX "auth_group_permissions_group_id_b120cbf9" ON "auth_group_permissions" ("group_id");
CREATE INDEX "auth_group_permissions_permission_id_84c5c92e" ON "auth_group_permissions" ("permission_id");
CREATE TABLE "auth_permission" ("id" integer NOT NULL PRIMARY KEY AUTOINCREMENT, "content_type_id" integer NOT NULL REFERENCES "django_content_type" ("id") DEFERRABLE INITIALLY DEFERRED, "codename" varchar(100) NOT NULL, "name" varchar(255) NOT NULL);
CREATE UNIQUE INDEX "auth_permission_content_type_id_codename_01ab375a_uniq" ON "auth_permission" ("content_type_id", "codename");
CREATE INDEX "auth_permission_content_type_id_2f476e4b" ON "auth_permission" ("content_type_id");
CREATE TABLE "auth_group" ("id" integer NOT NULL PRIMARY KEY AUTOINCREMENT, "name" varchar(150) NOT NULL UNIQUE);
CREATE TABLE "projects_user_groups" ("id" integer NOT NULL PRIMARY KEY AUTOINCREMENT, "user_id" char(32) NOT NULL REFERENCES "projects_user" ("id") DEFERRABLE INITIALLY DEFERRED, "group_id" integer NOT NULL REFERENCES "auth_group" ("id") DEFERRABLE INITIALLY DEFERRED);
CREATE TABLE "projects_user_user_permissions" ("id" integer NOT NULL PRIMARY KEY AUTOINCREMENT, "user_id" char(32) NOT NULL REFERENCES "projects_user" ("id") DEFERRABLE INITIALLY DEFERRED, "permission_id" integer NOT NULL REFERENCES "auth_permission" ("id") DEFERRABLE INITIALLY DEFERRED);
CREATE TABLE "projects_idempotentanswer" ("id" integer NOT NULL PRIMARY KEY AUTOINCREMENT, "actor_id" char(32) NOT NULL REFERENCES "projects_user" ("id") DEFERRABLE INITIALLY DEFERRED, "key" varchar(255) NOT NULL, "fingerprint" varchar(64) NOT NULL, "status" smallint unsigned NOT NULL CHECK ("status" >= 0), "headers" text NOT NULL CHECK ((JSON_VALID("headers") OR "headers" IS NULL)), "body" text NOT NULL, "created_at" datetime NOT NULL, CONSTRAINT "idempotent_answer_unique" UNIQUE ("actor_id", "key"));
CREATE TABLE "projects_sprint" ("id" char(32) NOT NULL PRIMARY KEY, "version" integer unsigned NOT NULL CHECK ("version" >= 0), "created_at" datetime NOT NULL, "updated_at" datetime NOT NULL, "created_by_id" char(32) NOT NULL REFERENCES "projects_user" ("id") DEFERRABLE INITIALLY DEFERRED, "updated_by_id" char(32) NOT NULL REFERENCES "projects_user" ("id") DEFERRABLE INITIALLY DEFERRED, "deleted_at" datetime NULL, "status" varchar(9) NOT NULL, "started_at" datetime NULL, "completed_at" datetime NULL, "committed" text NULL CHECK ((JSON_VALID("committed") OR "committed" IS NULL)), "outcome" text NULL CHECK ((JSON_VALID("outcome") OR "outcome" IS NULL)), "project_id" char(32) NOT NULL REFERENCES "projects_project" ("id") DEFERRABLE INITIALLY DEFERRED, "name" varchar(100) NOT NULL, "goal" text NOT NULL, "start_date" date NOT NULL, "end_date" date NOT NULL, "left_items" text NULL CHECK ((JSON_VALID("left_items") OR "left_items" IS NULL)), CONSTRAINT "sprint_status_known" CHECK ("status" IN ('planned', 'active', 'completed', 'cancelled')), CONSTRAINT "sprint_ends_after_start" CHECK ("end_date" > ("start_date")));
CREATE TABLE "projects_itemlabel" ("id" integer NOT NULL PRIMARY KEY AUTOINCREMENT, "name" varchar(50) NOT NULL, "work_item_id" char(32) NOT NULL REFERENCES "projects_workitem" ("id") DEFERRABLE INITIALLY DEFERRED, CONSTRAINT "label_by_name" UNIQUE ("name", "work_item_id"), CONSTRAINT "label_by_item" UNIQUE ("work_item_id", "name"));
CREATE TABLE "projects_timeentry" ("id" char(32) NOT NULL PRIMARY KEY, "version" integer unsigned NOT NULL CHECK ("version" >= 0), "created_at" datetime NOT NULL, "updated_at" datetime NOT NULL, "created_by_id" char(32) NOT NULL REFERENCES "projects_user" ("id") DEFERRABLE INITIALLY DEFERRED, "updated_by_id" char(32) NOT NULL REFERENCES "projects_user" ("id") DEFERRABLE INITIALLY DEFERRED, "deleted_at" datetime NULL, "work_item_id" char(32) NOT NULL REFERENCES "projects_workitem" ("id") DEFERRABLE INITIALLY DEFERRED, "user_id" char(32) NOT NULL REFERENCES "projects_user" ("id") DEFERRABLE INITIALLY DEFERRED, "started_at" datetime NOT NULL, "ended_at" datetime NULL, "description" text NOT NULL, CONSTRAINT "time_entry_ends_after_start" CHECK (("ended_at" IS NULL OR "ended_at" >= ("started_at"))));
CREATE TABLE "projects_tombstone" ("entity_id" char(32) NOT NULL PRIMARY KEY, "entity_type" varchar(20) NOT NULL, "project_id" char(32) NULL, "deleted_at" datetime NOT NULL);
CREATE UNIQUE INDEX "projects_user_groups_user_id_group_id_554e169f_uniq" ON "projects_user_groups" ("user_id", "group_id");
CREATE INDEX "projects_user_groups_user_id_6adcaa90" ON "projects_user_groups" ("user_id");
CREATE INDEX "projects_user_groups_group_id_64787f80" ON "projects_user_groups" ("group_id");
CREATE UNIQUE INDEX "projects_user_user_permissions_user_id_permission_id_ed30fad9_uniq" ON "projects_user_user_permissions" ("user_id", "permission_id");
CREATE INDEX "projects_user_user_permissions_user_id_e73dd49a" ON "projects_user_user_permissions" ("user_id");
CREATE INDEX "projects_user_user_permissions_permission_id_5793fcf2" ON "projects_user_user_permissions" ("permission_id");
CREATE INDEX "projects_idempotentanswer_created_at_55a35a47" ON "projects_idempotentanswer" ("created_at");
CREATE UNIQUE INDEX "sprint_one_active" ON "projects_sprint" ("project_id") WHERE ("deleted_at" IS NULL AND "status" = 'active');
CREATE INDEX "projects_sprint_project_id_21ce4e74" ON "projects_sprint" ("project_id");
CREATE INDEX "sprint_by_start" ON "projects_sprint" ("project_id", "start_date", "id") WHERE "deleted_at" IS NULL;
CREATE INDEX "sprint_by_status" ON "projects_sprint" ("project_id", "status", "start_date") WHERE "deleted_at" IS NULL;
CREATE INDEX "sprint_by_day" ON "projects_sprint" ("start_date", "id") WHERE "deleted_at" IS NULL;
CREATE INDEX "sprint_deleted" ON "projects_sprint" ("start_date", "id") WHERE "deleted_at" IS NOT NULL;
CREATE UNIQUE INDEX "time_entry_one_running" ON "projects_timeentry" ("user_id") WHERE ("deleted_at" IS NULL AND "ended_at" IS NULL);
CREATE INDEX "projects_timeentry_work_item_id_76ef5550" ON "projects_timeentry" ("work_item_id");
CREATE INDEX "projects_timeentry_user_id_2f30b103" ON "projects_timeentry" ("user_id");
CREATE INDEX "time_entry_by_item" ON "projects_timeentry" ("work_item_id", "started_at", "id") WHERE "deleted_at" IS NULL;
CREATE INDEX "time_entry_by_user" ON "projects_timeentry" ("user_id", "started_at", "id") WHERE "deleted_at" IS NULL;
CREATE INDEX "time_entry_by_start" ON "projects_timeentry" ("started_at", "id") WHERE "deleted_at" IS NULL;
CREATE INDEX "time_entry_deleted" ON "projects_timeentry" ("started_at", "id") WHERE "deleted_at" IS NOT NULL;
CREATE INDEX "time_entry_running" ON "projects_timeentry" ("started_at", "id") WHERE ("deleted_at" IS NULL AND "ended_at" IS NULL);
CREATE TABLE "django_admin_log" ("id" integer NOT NULL PRIMARY KEY AUTOINCREMENT, "object_id" text NULL, "object_repr" varchar(200) NOT NULL, "action_flag" smallint unsigned NOT NULL CHECK ("action_flag" >= 0), "change_message" text NOT NULL, "content_type_id" integer NULL REFERENCES "django_content_type" ("id") DEFERRABLE INITIALLY DEFERRED, "user_id" char(32) NOT NULL REFERENCES "projects_user" ("id") DEFERRABLE INITIALLY DEFERRED, "action_time" datetime NOT NULL);
CREATE INDEX "django_admin_log_content_type_id_c4bce8eb" ON "django_admin_log" ("content_type_id");
CREATE INDEX "django_admin_log_user_id_c564eba6" ON "django_admin_log" ("user_id");
CREATE TABLE projects_searchentry (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    entity_id char(32) NOT NULL UNIQUE,
    entity_type varchar(20) NOT NULL
);
CREATE VIRTUAL TABLE projects_search USING fts5(
    key, title, body, tokenize = 'unicode61 remove_diacritics 2', prefix = '2 3'
);
CREATE TABLE projects_itemcount (
    project_id char(32) NOT NULL,
    status varchar(20) NOT NULL,
    item_type varchar(20) NOT NULL,
    priority varchar(20) NOT NULL,
    number integer NOT NULL DEFAULT 0,
    points integer NOT NULL DEFAULT 0,
    blocked integer NOT NULL DEFAULT 0,
    PRIMARY KEY (project_id, status, item_type, priority)
) WITHOUT ROWID;
CREATE TABLE projects_searchshown (
    entry_id INTEGER PRIMARY KEY,
    project_id char(32) NOT NULL
);
CREATE TABLE "projects_numberblock" ("group_id" varchar(32) NOT NULL PRIMARY KEY, "project_id" char(32) NOT NULL, "following" integer unsigned NOT NULL CHECK ("following" >= 0), "last" integer unsigned NOT NULL CHECK ("last" >= 0));
CREATE TABLE "projects_syncadvance" ("id" integer NOT NULL PRIMARY KEY AUTOINCREMENT, "activity_id" bigint NOT NULL, "position" bigint NOT NULL);
CREATE TABLE "projects_syncchain" ("id" integer unsigned NOT NULL PRIMARY KEY CHECK ("id" >= 0), "parent" integer unsigned NULL CHECK ("parent" >= 0), "parent_step" integer unsigned NULL CHECK ("parent_step" >= 0), "last_step" integer unsigned NOT NULL CHECK ("last_step" >= 0));
CREATE TABLE "projects_syncgroup" ("id" varchar(32) NOT NULL PRIMARY KEY, "position" bigint NOT NULL, "digest" varchar(64) NOT NULL, "chain" integer unsigned NOT NULL CHECK ("chain" >= 0), "step" integer unsigned NOT NULL CHECK ("step" >= 0));
CREATE TABLE "projects_syncrecord" ("id" varchar(36) NOT NULL PRIMARY KEY, "document" text NOT NULL);
CREATE TABLE "projects_syncuser" ("folded" varchar(200) NOT NULL PRIMARY KEY, "name" varchar(150) NOT NULL);
CREATE INDEX "number_block_by_project" ON "projects_numberblock" ("project_id", "following");
CREATE INDEX "sync_advance_by_activity" ON "projects_syncadvance" ("activity_id", "position");
CREATE INDEX "sync_group_by_chain" ON "projects_syncgroup" ("chain", "step");
CREATE TABLE "projects_syncindex" ("id" integer NOT NULL PRIMARY KEY AUTOINCREMENT, "name" varchar(10) NOT NULL, "key" varchar(80) NOT NULL, "record_id" varchar(36) NOT NULL, CONSTRAINT "sync_index_unique" UNIQUE ("name", "key", "record_id"));
CREATE TABLE "projects_user" ("password" varchar(128) NOT NULL, "last_login" datetime NULL, "is_superuser" bool NOT NULL, "first_name" varchar(150) NOT NULL, "last_name" varchar(150) NOT NULL, "email" varchar(254) NOT NULL, "is_staff" bool NOT NULL, "is_active" bool NOT NULL, "date_joined" datetime NOT NULL, "id" char(32) NOT NULL PRIMARY KEY, "username" varchar(150) NOT NULL UNIQUE, "is_agent" bool NOT NULL, "is_kind_confirmed" bool DEFAULT 1 NOT NULL, "news_cursor" bigint NULL);
CREATE TABLE "projects_session" ("id" varchar(32) NOT NULL PRIMARY KEY, "program" varchar(30) NOT NULL, "program_session" varchar(200) NOT NULL, "process" varchar(40) NOT NULL, "name" varchar(64) NOT NULL, "host" varchar(255) NOT NULL, "worktree" varchar(1000) NOT NULL, "branch" varchar(255) NOT NULL, "started_at" datetime NOT NULL, "last_seen_at" datetime NOT NULL, "ended_at" datetime NULL, "actor_id" char(32) NOT NULL REFERENCES "projects_user" ("id") DEFERRABLE INITIALLY DEFERRED, "news_cursor" bigint NULL);
CREATE INDEX "projects_session_actor_id_a945e70f" ON "projects_session" ("actor_id");
CREATE INDEX "session_by_actor" ON "projects_session" ("actor_id", "last_seen_at");
CREATE TABLE "projects_swimlane" ("id" char(32) NOT NULL PRIMARY KEY, "version" integer unsigned NOT NULL CHECK ("version" >= 0), "created_at" datetime NOT NULL, "updated_at" datetime NOT NULL, "created_by_id" char(32) NOT NULL REFERENCES "projects_user" ("id") DEFERRABLE INITIALLY DEFERRED, "updated_by_id" char(32) NOT NULL REFERENCES "projects_user" ("id") DEFERRABLE INITIALLY DEFERRED, "deleted_at" datetime NULL, "project_id" char(32) NOT NULL REFERENCES "projects_project" ("id") DEFERRABLE INITIALLY DEFERRED, "name" varchar(100) NOT NULL, "status_value" varchar(11) NOT NULL, "position" integer unsigned NOT NULL CHECK ("position" >= 0), "wip_limit" integer unsigned NULL CHECK ("wip_limit" >= 0), CONSTRAINT "swim_lane_limit_range" CHECK (("wip_limit" IS NULL OR "wip_limit" BETWEEN 1 AND 10000)), CONSTRAINT "swim_lane_status_known" CHECK ("status_value" IN ('backlog', 'todo', 'in_progress', 'review', 'done', 'blocked', 'cancelled')));
CREATE UNIQUE INDEX "swim_lane_unique_living" ON "projects_swimlane" ("project_id", "status_value") WHERE "deleted_at" IS NULL;
CREATE INDEX "projects_swimlane_project_id_06871cf8" ON "projects_swimlane" ("project_id");
CREATE INDEX "swim_lane_by_position" ON "projects_swimlane" ("project_id", "position", "id") WHERE "deleted_at" IS NULL;
CREATE INDEX "swim_lane_deleted" ON "projects_swimlane" ("position", "id") WHERE "deleted_at" IS NOT NULL;
CREATE TABLE "projects_dependency" ("id" char(32) NOT NULL PRIMARY KEY, "version" integer unsigned NOT NULL CHECK ("version" >= 0), "created_at" datetime NOT NULL, "updated_at" datetime NOT NULL, "created_by_id" char(32) NOT NULL REFERENCES "projects_user" ("id") DEFERRABLE INITIALLY DEFERRED, "updated_by_id" char(32) NOT NULL REFERENCES "projects_user" ("id") DEFERRABLE INITIALLY DEFERRED, "deleted_at" datetime NULL, "blocking_item_id" char(32) NOT NULL REFERENCES "projects_workitem" ("id") DEFERRABLE INITIALLY DEFERRED, "blocked_item_id" char(32) NOT NULL REFERENCES "projects_workitem" ("id") DEFERRABLE INITIALLY DEFERRED, "dependency_type" varchar(15) NOT NULL, CONSTRAINT "dependency_not_on_itself" CHECK (NOT ("blocking_item_id" = ("blocked_item_id"))), CONSTRAINT "dependency_type_known" CHECK ("dependency_type" IN ('blocks', 'relates_to', 'discovered_from', 'duplicates')));
CREATE UNIQUE INDEX "dependency_unique_living" ON "projects_dependency" ("blocking_item_id", "blocked_item_id") WHERE "deleted_at" IS NULL;
CREATE INDEX "projects_dependency_blocking_item_id_124c82bc" ON "projects_dependency" ("blocking_item_id");
CREATE INDEX "projects_dependency_blocked_item_id_078ab2c5" ON "projects_dependency" ("blocked_item_id");
CREATE INDEX "dependency_by_blocked" ON "projects_dependency" ("blocked_item_id", "dependency_type") WHERE "deleted_at" IS NULL;
CREATE INDEX "dependency_by_blocking" ON "projects_dependency" ("blocking_item_id", "dependency_type") WHERE "deleted_at" IS NULL;
CREATE INDEX "dependency_by_creation" ON "projects_dependency" ("created_at", "id") WHERE "deleted_at" IS NULL;
CREATE INDEX "dependency_deleted" ON "projects_dependency" ("created_at", "id") WHERE "deleted_at" IS NOT NULL;
CREATE TABLE "projects_syncboard" ("id" smallint unsigned NOT NULL PRIMARY KEY CHECK ("id" >= 0), "board_id" char(32) NOT NULL, "remote" varchar(200) NOT NULL, "ref" varchar(200) NOT NULL, "interval" integer unsigned NOT NULL CHECK ("interval" >= 0), "person" varchar(150) NOT NULL, "position" bigint NOT NULL, "head" varchar(64) NOT NULL, "segments" integer unsigned NOT NULL CHECK ("segments" >= 0), "seal" varchar(64) NOT NULL, "digest" varchar(64) NOT NULL, "checkpoint" bigint NOT NULL, "after" char(32) NULL, "packed" bigint NOT NULL, "synced_at" datetime NULL, "error" varchar(500) NOT NULL, "lines" integer unsigned NOT NULL CHECK ("lines" >= 0), "skipped" text NOT NULL CHECK ((JSON_VALID("skipped") OR "skipped" IS NULL)), "format" smallint unsigned DEFAULT 1 NOT NULL CHECK ("format" >= 0), CONSTRAINT "sync_board_is_one" CHECK ("id" = 1));
CREATE TABLE "projects_syncoutbox" ("id" integer NOT NULL PRIMARY KEY AUTOINCREMENT, "group_id" varchar(32) NOT NULL UNIQUE, "line" text NOT NULL, "activities" text NOT NULL, "foreign" bool DEFAULT 0 NOT NULL);
CREATE TABLE "projects_comment" ("id" char(32) NOT NULL PRIMARY KEY, "version" integer unsigned NOT NULL CHECK ("version" >= 0), "created_at" datetime NOT NULL, "updated_at" datetime NOT NULL, "created_by_id" char(32) NOT NULL REFERENCES "projects_user" ("id") DEFERRABLE INITIALLY DEFERRED, "updated_by_id" char(32) NOT NULL REFERENCES "projects_user" ("id") DEFERRABLE INITIALLY DEFERRED, "deleted_at" datetime NULL, "work_item_id" char(32) NOT NULL REFERENCES "projects_workitem" ("id") DEFERRABLE INITIALLY DEFERRED, "content" text NOT NULL, "confirmed_by_id" char(32) NULL REFERENCES "projects_user" ("id") DEFERRABLE INITIALLY DEFERRED, "kind" varchar(8) DEFAULT 'comment' NOT NULL, CONSTRAINT "comment_not_blank" CHECK (NOT ("content" = '')), CONSTRAINT "comment_kind_known" CHECK ("kind" IN ('comment', 'decision', 'handover')));
CREATE INDEX "projects_comment_work_item_id_a8a88c87" ON "projects_comment" ("work_item_id");
CREATE INDEX "comment_by_item" ON "projects_comment" ("work_item_id", "created_at", "id") WHERE "deleted_at" IS NULL;
CREATE INDEX "comment_by_creation" ON "projects_comment" ("created_at", "id") WHERE "deleted_at" IS NULL;
CREATE INDEX "comment_deleted" ON "projects_comment" ("created_at", "id") WHERE "deleted_at" IS NOT NULL;
CREATE INDEX "comment_decisions" ON "projects_comment" ("created_at", "id") WHERE ("deleted_at" IS NULL AND "kind" = 'decision');
CREATE TABLE "projects_activity" ("id" integer NOT NULL PRIMARY KEY AUTOINCREMENT, "entity_type" varchar(20) NOT NULL, "entity_id" char(32) NOT NULL, "display_key" varchar(80) NOT NULL, "project_id" char(32) NOT NULL, "version" integer unsigned NOT NULL CHECK ("version" >= 0), "action" varchar(10) NOT NULL, "changes" text NOT NULL CHECK ((JSON_VALID("changes") OR "changes" IS NULL)), "actor_id" char(32) NOT NULL REFERENCES "projects_user" ("id") DEFERRABLE INITIALLY DEFERRED, "created_at" datetime NOT NULL, "extra" text NULL CHECK ((JSON_VALID("extra") OR "extra" IS NULL)), "group_id" char(32) NULL, "position" bigint NULL, "reason" varchar(500) DEFAULT '' NOT NULL, "session" varchar(64) DEFAULT '' NOT NULL, "standing" varchar(10) DEFAULT '' NOT NULL, "source" varchar(8) DEFAULT '' NOT NULL, "is_forced" bool DEFAULT 0 NOT NULL, "via" varchar(150) DEFAULT '' NOT NULL, CONSTRAINT "activity_action_known" CHECK ("action" IN ('created', 'updated', 'deleted', 'restored')), CONSTRAINT "activity_standing_known" CHECK ("standing" IN ('', 'superseded', 'void')));
CREATE INDEX "projects_activity_actor_id_e72516a5" ON "projects_activity" ("actor_id");
CREATE INDEX "activity_by_entity" ON "projects_activity" ("entity_id", "id");
CREATE INDEX "activity_by_project" ON "projects_activity" ("project_id", "id");
CREATE INDEX "activity_by_time" ON "projects_activity" ("created_at", "id");
CREATE INDEX "activity_unsettled" ON "projects_activity" ("entity_id", "entity_type") WHERE ("position" IS NULL AND NOT ("standing" = ''));
CREATE TABLE "projects_loginticket" ("id" integer NOT NULL PRIMARY KEY AUTOINCREMENT, "digest" varchar(64) NOT NULL UNIQUE, "expires_at" datetime NOT NULL, "agent" varchar(150) DEFAULT '' NOT NULL);
CREATE INDEX "projects_loginticket_expires_at_b4f1edd8" ON "projects_loginticket" ("expires_at");
CREATE TABLE "projects_commitindex" ("id" smallint unsigned NOT NULL PRIMARY KEY CHECK ("id" >= 0), "tips" text NOT NULL, "indexed_at" datetime NULL, CONSTRAINT "commit_index_is_one" CHECK ("id" = 1));
CREATE INDEX "comment_unconfirmed" ON "projects_comment" ("created_at", "id") WHERE ("deleted_at" IS NULL AND "kind" = 'decision' AND "confirmed_by_id" IS NULL);
CREATE INDEX "user_of_unconfirmed_kind" ON "projects_user" ("date_joined") WHERE NOT "is_kind_confirmed";
CREATE TABLE "projects_lostchange" ("activity_id" bigint NOT NULL PRIMARY KEY REFERENCES "projects_activity" ("id") DEFERRABLE INITIALLY DEFERRED, "seen_at" datetime NULL, "after" bigint DEFAULT 0 NOT NULL);
CREATE INDEX "lost_change_unseen" ON "projects_lostchange" ("activity_id") WHERE "seen_at" IS NULL;
CREATE INDEX "lost_change_by_after" ON "projects_lostchange" ("after");
CREATE TABLE "projects_question" ("id" char(32) NOT NULL PRIMARY KEY, "version" integer unsigned NOT NULL CHECK ("version" >= 0), "created_at" datetime NOT NULL, "updated_at" datetime NOT NULL, "deleted_at" datetime NULL, "number" integer unsigned NOT NULL CHECK ("number" >= 0), "text" varchar(300) NOT NULL, "choices" text NOT NULL CHECK ((JSON_VALID("choices") OR "choices" IS NULL)), "details" text NOT NULL, "default" varchar(300) NOT NULL, "default_at" datetime NULL, "status" varchar(13) NOT NULL, "answer" text NOT NULL, "answered_at" datetime NULL, "is_asked_here" bool DEFAULT 0 NOT NULL, "asked_in" varchar(32) DEFAULT '' NOT NULL, "answered_by_id" char(32) NULL REFERENCES "projects_user" ("id") DEFERRABLE INITIALLY DEFERRED, "created_by_id" char(32) NOT NULL REFERENCES "projects_user" ("id") DEFERRABLE INITIALLY DEFERRED, "updated_by_id" char(32) NOT NULL REFERENCES "projects_user" ("id") DEFERRABLE INITIALLY DEFERRED, "work_item_id" char(32) NOT NULL REFERENCES "projects_workitem" ("id") DEFERRABLE INITIALLY DEFERRED, CONSTRAINT "question_number_positive" CHECK ("number" >= 1), CONSTRAINT "question_not_blank" CHECK (NOT ("text" = '')), CONSTRAINT "question_status_known" CHECK ("status" IN ('open', 'answered', 'default_taken', 'withdrawn')));
CREATE UNIQUE INDEX "question_number_unique" ON "projects_question" ("work_item_id", "number") WHERE "deleted_at" IS NULL;
CREATE INDEX "projects_question_work_item_id_dad218fd" ON "projects_question" ("work_item_id");
CREATE INDEX "question_by_item" ON "projects_question" ("work_item_id", "created_at", "id") WHERE "deleted_at" IS NULL;
CREATE INDEX "question_by_creation" ON "projects_question" ("created_at", "id") WHERE "deleted_at" IS NULL;
CREATE INDEX "question_deleted" ON "projects_question" ("created_at", "id") WHERE "deleted_at" IS NOT NULL;
CREATE INDEX "question_open" ON "projects_question" ("work_item_id", "default_at") WHERE ("deleted_at" IS NULL AND "status" = 'open');
CREATE TABLE "projects_commitmention" ("id" integer NOT NULL PRIMARY KEY AUTOINCREMENT, "key" varchar(40) NOT NULL, "commit_id" varchar(64) NOT NULL REFERENCES "projects_commit" ("sha") DEFERRABLE INITIALLY DEFERRED, CONSTRAINT "commit_mention_unique" UNIQUE ("key", "commit_id"));
CREATE INDEX "projects_commitmention_commit_id_073e2fcb" ON "projects_commitmention" ("commit_id");
CREATE TABLE "projects_formerkey" ("key" varchar(40) NOT NULL PRIMARY KEY, "item_id" char(32) NOT NULL, "is_told" bool DEFAULT 0 NOT NULL);
CREATE TABLE "projects_renumberedcommit" ("id" integer NOT NULL PRIMARY KEY AUTOINCREMENT, "key" varchar(40) NOT NULL, "sha" varchar(64) NOT NULL, "item_id" char(32) NULL, "author" varchar(200) NOT NULL, "authored_at" datetime NULL, CONSTRAINT "renumbered_commit_unique" UNIQUE ("key", "sha", "item_id"));
CREATE UNIQUE INDEX "renumbered_commit_unclear" ON "projects_renumberedcommit" ("key", "sha") WHERE "item_id" IS NULL;
CREATE INDEX "projects_renumberedcommit_item_id_cfa1b27f" ON "projects_renumberedcommit" ("item_id");
CREATE INDEX "question_waiting" ON "projects_question" ("created_at", "id") WHERE ("deleted_at" IS NULL AND "status" = 'open');
CREATE TABLE "projects_review" ("id" char(32) NOT NULL PRIMARY KEY, "version" integer unsigned NOT NULL CHECK ("version" >= 0), "created_at" datetime NOT NULL, "updated_at" datetime NOT NULL, "deleted_at" datetime NULL, "content" text NOT NULL, "verdict" varchar(9) NOT NULL, "answer" text NOT NULL, "decided_at" datetime NULL, "created_by_id" char(32) NOT NULL REFERENCES "projects_user" ("id") DEFERRABLE INITIALLY DEFERRED, "decided_by_id" char(32) NULL REFERENCES "projects_user" ("id") DEFERRABLE INITIALLY DEFERRED, "updated_by_id" char(32) NOT NULL REFERENCES "projects_user" ("id") DEFERRABLE INITIALLY DEFERRED, "work_item_id" char(32) NOT NULL REFERENCES "projects_workitem" ("id") DEFERRABLE INITIALLY DEFERRED, CONSTRAINT "review_verdict_known" CHECK ("verdict" IN ('waiting', 'accepted', 'sent_back', 'withdrawn')));
CREATE INDEX "review_by_item" ON "projects_review" ("work_item_id", "created_at", "id") WHERE "deleted_at" IS NULL;
CREATE INDEX "review_by_verdict" ON "projects_review" ("verdict", "created_at", "id") WHERE "deleted_at" IS NULL;
CREATE INDEX "review_by_creation" ON "projects_review" ("created_at", "id") WHERE "deleted_at" IS NULL;
CREATE TABLE "projects_waiver" ("id" char(32) NOT NULL PRIMARY KEY, "version" integer unsigned NOT NULL CHECK ("version" >= 0), "created_at" datetime NOT NULL, "updated_at" datetime NOT NULL, "deleted_at" datetime NULL, "reason" text NOT NULL, "missing" text NOT NULL, "created_by_id" char(32) NOT NULL REFERENCES "projects_user" ("id") DEFERRABLE INITIALLY DEFERRED, "updated_by_id" char(32) NOT NULL REFERENCES "projects_user" ("id") DEFERRABLE INITIALLY DEFERRED, "work_item_id" char(32) NOT NULL REFERENCES "projects_workitem" ("id") DEFERRABLE INITIALLY DEFERRED, CONSTRAINT "waiver_reason_not_blank" CHECK (NOT ("reason" = '')));
CREATE INDEX "waiver_by_item" ON "projects_waiver" ("work_item_id", "created_at", "id") WHERE "deleted_at" IS NULL;
CREATE INDEX "waiver_by_creation" ON "projects_waiver" ("created_at", "id") WHERE "deleted_at" IS NULL;
CREATE TABLE "projects_reportedtree" ("item_id" char(32) NOT NULL PRIMARY KEY, "tree" varchar(64) NOT NULL, "reported_at" datetime NOT NULL);
CREATE TABLE "projects_openedrun" ("id" char(32) NOT NULL PRIMARY KEY, "work_item_id" char(32) NOT NULL, "check_id" char(32) NOT NULL, "digest" varchar(64) NOT NULL, "timeout_seconds" integer unsigned NOT NULL CHECK ("timeout_seconds" >= 0), "session" varchar(32) NOT NULL, "opened_at" datetime NOT NULL, "opened_by_id" char(32) NOT NULL REFERENCES "projects_user" ("id") DEFERRABLE INITIALLY DEFERRED);
CREATE INDEX "projects_openedrun_work_item_id_6631fab7" ON "projects_openedrun" ("work_item_id");
CREATE INDEX "projects_openedrun_opened_by_id_467c536a" ON "projects_openedrun" ("opened_by_id");
CREATE TABLE "projects_check" ("id" char(32) NOT NULL PRIMARY KEY, "version" integer unsigned NOT NULL CHECK ("version" >= 0), "created_at" datetime NOT NULL, "updated_at" datetime NOT NULL, "deleted_at" datetime NULL, "name" varchar(50) NOT NULL, "command" varchar(1000) NOT NULL, "timeout_seconds" integer unsigned NOT NULL CHECK ("timeout_seconds" >= 0), "requirement" varchar(8) NOT NULL, "item_types" varchar(50) NOT NULL, "created_by_id" char(32) NOT NULL REFERENCES "projects_user" ("id") DEFERRABLE INITIALLY DEFERRED, "project_id" char(32) NOT NULL REFERENCES "projects_project" ("id") DEFERRABLE INITIALLY DEFERRED, "updated_by_id" char(32) NOT NULL REFERENCES "projects_user" ("id") DEFERRABLE INITIALLY DEFERRED, CONSTRAINT "check_not_blank" CHECK ((NOT ("name" = '') AND NOT ("command" = ''))), CONSTRAINT "check_timeout_range" CHECK (("timeout_seconds" >= 1 AND "timeout_seconds" <= 86400)), CONSTRAINT "check_requirement_known" CHECK ("requirement" IN ('required', 'optional')));
CREATE INDEX "projects_check_project_id_e66b4094" ON "projects_check" ("project_id");
CREATE INDEX "check_by_project" ON "projects_check" ("project_id", "name", "id") WHERE "deleted_at" IS NULL;
CREATE INDEX "check_by_name" ON "projects_check" ("name", "id") WHERE "deleted_at" IS NULL;
CREATE INDEX "check_by_creation" ON "projects_check" ("created_at", "id") WHERE "deleted_at" IS NULL;
CREATE INDEX "check_deleted" ON "projects_check" ("name", "id") WHERE "deleted_at" IS NOT NULL;
CREATE TABLE "projects_checkapproval" ("id" char(32) NOT NULL PRIMARY KEY, "check_id" char(32) NOT NULL, "digest" varchar(64) NOT NULL, "signature" varchar(64) NOT NULL, "approved_at" datetime NOT NULL, "approved_by_id" char(32) NOT NULL REFERENCES "projects_user" ("id") DEFERRABLE INITIALLY DEFERRED, CONSTRAINT "check_approval_unique" UNIQUE ("check_id", "signature"));
CREATE INDEX "projects_checkapproval_approved_by_id_585a1a61" ON "projects_checkapproval" ("approved_by_id");
CREATE TABLE "projects_checkrun" ("id" char(32) NOT NULL PRIMARY KEY, "version" integer unsigned NOT NULL CHECK ("version" >= 0), "created_at" datetime NOT NULL, "updated_at" datetime NOT NULL, "deleted_at" datetime NULL, "digest" varchar(64) NOT NULL, "outcome" varchar(9) NOT NULL, "exit_code" integer unsigned NULL CHECK ("exit_code" >= 0), "duration_ms" integer unsigned NOT NULL CHECK ("duration_ms" >= 0), "tree" varchar(64) NOT NULL, "commit" varchar(64) NOT NULL, "session" varchar(32) NOT NULL, "output" text DEFAULT '' NOT NULL, "created_by_id" char(32) NOT NULL REFERENCES "projects_user" ("id") DEFERRABLE INITIALLY DEFERRED, "project_check_id" char(32) NOT NULL REFERENCES "projects_check" ("id") DEFERRABLE INITIALLY DEFERRED, "updated_by_id" char(32) NOT NULL REFERENCES "projects_user" ("id") DEFERRABLE INITIALLY DEFERRED, "work_item_id" char(32) NOT NULL REFERENCES "projects_workitem" ("id") DEFERRABLE INITIALLY DEFERRED, "seen_at" datetime NULL, CONSTRAINT "check_run_outcome_known" CHECK ("outcome" IN ('passed', 'failed', 'timed_out', 'changed')), CONSTRAINT "check_run_passed_is_0" CHECK ((NOT ("outcome" = 'passed') OR "exit_code" = 0)));
CREATE INDEX "projects_checkrun_project_check_id_bfd6efc7" ON "projects_checkrun" ("project_check_id");
CREATE INDEX "projects_checkrun_work_item_id_e93ded02" ON "projects_checkrun" ("work_item_id");
CREATE INDEX "check_run_by_item" ON "projects_checkrun" ("work_item_id", "created_at", "id") WHERE "deleted_at" IS NULL;
CREATE INDEX "check_run_by_check" ON "projects_checkrun" ("project_check_id");
CREATE INDEX "check_run_by_creation" ON "projects_checkrun" ("created_at", "id") WHERE "deleted_at" IS NULL;
CREATE INDEX "check_run_deleted" ON "projects_checkrun" ("created_at", "id") WHERE "deleted_at" IS NOT NULL;
CREATE TABLE "projects_criterion" ("id" char(32) NOT NULL PRIMARY KEY, "version" integer unsigned NOT NULL CHECK ("version" >= 0), "created_at" datetime NOT NULL, "updated_at" datetime NOT NULL, "deleted_at" datetime NULL, "text" varchar(500) NOT NULL, "position" integer unsigned NOT NULL CHECK ("position" >= 0), "ticked_at" datetime NULL, "created_by_id" char(32) NOT NULL REFERENCES "projects_user" ("id") DEFERRABLE INITIALLY DEFERRED, "ticked_by_id" char(32) NULL REFERENCES "projects_user" ("id") DEFERRABLE INITIALLY DEFERRED, "updated_by_id" char(32) NOT NULL REFERENCES "projects_user" ("id") DEFERRABLE INITIALLY DEFERRED, "work_item_id" char(32) NOT NULL REFERENCES "projects_workitem" ("id") DEFERRABLE INITIALLY DEFERRED, CONSTRAINT "criterion_not_blank" CHECK (NOT ("text" = '')), CONSTRAINT "criterion_tick_whole" CHECK ((("ticked_at" IS NULL AND "ticked_by_id" IS NULL) OR ("ticked_at" IS NOT NULL AND "ticked_by_id" IS NOT NULL))));
CREATE INDEX "projects_criterion_work_item_id_7af52721" ON "projects_criterion" ("work_item_id");
CREATE INDEX "criterion_by_item" ON "projects_criterion" ("work_item_id", "position", "created_at") WHERE "deleted_at" IS NULL;
CREATE INDEX "criterion_by_position" ON "projects_criterion" ("position", "id") WHERE "deleted_at" IS NULL;
CREATE INDEX "criterion_by_creation" ON "projects_criterion" ("created_at", "id") WHERE "deleted_at" IS NULL;
CREATE INDEX "criterion_deleted" ON "projects_criterion" ("created_at", "id") WHERE "deleted_at" IS NOT NULL;
CREATE TABLE "projects_workitem" ("id" char(32) NOT NULL PRIMARY KEY, "version" integer unsigned NOT NULL CHECK ("version" >= 0), "created_at" datetime NOT NULL, "updated_at" datetime NOT NULL, "created_by_id" char(32) NOT NULL REFERENCES "projects_user" ("id") DEFERRABLE INITIALLY DEFERRED, "updated_by_id" char(32) NOT NULL REFERENCES "projects_user" ("id") DEFERRABLE INITIALLY DEFERRED, "deleted_at" datetime NULL, "claimed_by_id" char(32) NULL REFERENCES "projects_user" ("id") DEFERRABLE INITIALLY DEFERRED, "lease_id" char(32) NULL, "lease_expires_at" datetime NULL, "project_id" char(32) NOT NULL REFERENCES "projects_project" ("id") DEFERRABLE INITIALLY DEFERRED, "item_number" integer unsigned NOT NULL CHECK ("item_number" >= 0), "item_type" varchar(5) NOT NULL, "title" varchar(200) NOT NULL, "description" text NOT NULL, "status" varchar(11) NOT NULL, "priority" varchar(8) NOT NULL, "urgency" smallint GENERATED ALWAYS AS (CASE WHEN "priority" = 'critical' THEN 0 WHEN "priority" = 'high' THEN 1 WHEN "priority" = 'medium' THEN 2 WHEN "priority" = 'low' THEN 3 ELSE 4 END) STORED, "sprint_id" char(32) NULL REFERENCES "projects_sprint" ("id") DEFERRABLE INITIALLY DEFERRED, "assignee_id" char(32) NULL REFERENCES "projects_user" ("id") DEFERRABLE INITIALLY DEFERRED, "labels" text NOT NULL CHECK ((JSON_VALID("labels") OR "labels" IS NULL)), "story_points" smallint unsigned NULL CHECK ("story_points" >= 0), "position" varchar(200) NOT NULL, "started_at" datetime NULL, "completed_at" datetime NULL, "open_blockers" integer DEFAULT 0 NOT NULL, "unblocks" integer DEFAULT 0 NOT NULL, "due_date" date NULL, "due_rank" date GENERATED ALWAYS AS (COALESCE("due_date", '9999-12-31')) STORED, "claim_session" varchar(32) DEFAULT '' NOT NULL, "external_ref" varchar(100) NOT NULL, "close_reason" text NOT NULL, "claimed_from" varchar(11) DEFAULT '' NOT NULL, "idle_leases" smallint unsigned DEFAULT 0 NOT NULL CHECK ("idle_leases" >= 0), "is_current" bool DEFAULT 0 NOT NULL, "lease_minutes" smallint unsigned DEFAULT 60 NOT NULL CHECK ("lease_minutes" >= 0), "turn" smallint GENERATED ALWAYS AS ((CASE WHEN "is_current" THEN 0 ELSE 2 END + CASE WHEN "status" = 'backlog' THEN 1 ELSE 0 END)) STORED, "closing" varchar(8) NULL, "evidence" text DEFAULT '' NOT NULL, "lease_left" integer unsigned NULL CHECK ("lease_left" >= 0), "criteria_ticked" integer unsigned DEFAULT 0 NOT NULL CHECK ("criteria_ticked" >= 0), "criteria_total" integer unsigned DEFAULT 0 NOT NULL CHECK ("criteria_total" >= 0), "parent_id" char(32) NULL REFERENCES "projects_workitem" ("id") DEFERRABLE INITIALLY DEFERRED, CONSTRAINT "work_item_number_unique" UNIQUE ("project_id", "item_number"), CONSTRAINT "work_item_priority_known" CHECK ("priority" IN ('low', 'medium', 'high', 'critical')), CONSTRAINT "work_item_points_range" CHECK (("story_points" IS NULL OR "story_points" BETWEEN 0 AND 100)), CONSTRAINT "work_item_epic_stands_alone" CHECK ((NOT ("item_type" = 'epic') OR ("parent_id" IS NULL AND "sprint_id" IS NULL))), CONSTRAINT "work_item_not_its_own_parent" CHECK (NOT ("parent_id" = ("id") AND "parent_id" IS NOT NULL)), CONSTRAINT "work_item_number_positive" CHECK ("item_number" >= 1), CONSTRAINT "work_item_title_length" CHECK ((LENGTH("title") >= 1 AND LENGTH("title") <= 200)), CONSTRAINT "work_item_claim_whole" CHECK ((("claimed_by_id" IS NULL AND "lease_expires_at" IS NULL AND "lease_id" IS NULL) OR ("claimed_by_id" IS NOT NULL AND "lease_expires_at" IS NOT NULL AND "lease_id" IS NOT NULL))), CONSTRAINT "work_item_position_valid" CHECK (("position" GLOB '[A-Za-z]?*' AND NOT ("position" GLOB '*[^0-9A-Za-z]*') AND LENGTH("position") <= 200)), CONSTRAINT "work_item_status_known" CHECK ("status" IN ('backlog', 'todo', 'in_progress', 'review', 'done', 'blocked', 'cancelled')), CONSTRAINT "work_item_close_reason_of_closed" CHECK (("close_reason" = '' OR "status" IN ('done', 'cancelled'))), CONSTRAINT "work_item_type_known" CHECK ("item_type" IN ('epic', 'story', 'task', 'bug', 'chore')));
CREATE UNIQUE INDEX "work_item_external_ref_unique" ON "projects_workitem" ("external_ref", "project_id") WHERE ("deleted_at" IS NULL AND "external_ref" <> '');
CREATE INDEX "projects_workitem_project_id_8eba7605" ON "projects_workitem" ("project_id");
CREATE INDEX "projects_workitem_sprint_id_c46835c1" ON "projects_workitem" ("sprint_id");
CREATE INDEX "projects_workitem_parent_id_b4badb94" ON "projects_workitem" ("parent_id");
CREATE INDEX "item_in_lane" ON "projects_workitem" ("project_id", "status", "position", "item_number") WHERE "deleted_at" IS NULL;
CREATE INDEX "item_by_parent" ON "projects_workitem" ("parent_id", "position") WHERE "deleted_at" IS NULL;
CREATE INDEX "item_by_sprint" ON "projects_workitem" ("sprint_id", "position") WHERE "deleted_at" IS NULL;
CREATE INDEX "item_by_deletion" ON "projects_workitem" ("project_id", "deleted_at");
CREATE INDEX "item_deleted" ON "projects_workitem" ("project_id", "position", "id") WHERE "deleted_at" IS NOT NULL;
CREATE INDEX "item_by_position" ON "projects_workitem" ("project_id", "position", "id", "status", "item_type", "urgency", "assignee_id", "parent_id", "open_blockers", "updated_at", "due_date") WHERE "deleted_at" IS NULL;
CREATE INDEX "item_by_creation" ON "projects_workitem" ("project_id", "created_at", "id", "status", "item_type", "urgency", "assignee_id", "parent_id", "open_blockers", "updated_at", "due_date") WHERE "deleted_at" IS NULL;
CREATE INDEX "item_by_update" ON "projects_workitem" ("project_id", "updated_at", "id", "status", "item_type", "urgency", "assignee_id", "parent_id", "open_blockers", "updated_at", "due_date") WHERE "deleted_at" IS NULL;
CREATE INDEX "item_by_urgency" ON "projects_workitem" ("project_id", "urgency", "position", "id", "status", "item_type", "urgency", "assignee_id", "parent_id", "open_blockers", "updated_at", "due_date") WHERE "deleted_at" IS NULL;
CREATE INDEX "item_by_title" ON "projects_workitem" ("project_id", "title", "id", "status", "item_type", "urgency", "assignee_id", "parent_id", "open_blockers", "updated_at", "due_date") WHERE "deleted_at" IS NULL;
CREATE INDEX "item_by_due" ON "projects_workitem" ("project_id", "due_rank", "position", "id", "status", "item_type", "urgency", "assignee_id", "parent_id", "open_blockers", "updated_at", "due_date") WHERE "deleted_at" IS NULL;
CREATE INDEX "item_open_by_position" ON "projects_workitem" ("project_id", "position", "id", "status", "item_type", "urgency", "assignee_id", "parent_id", "open_blockers", "updated_at", "due_date") WHERE ("deleted_at" IS NULL AND "status" NOT IN ('done', 'cancelled'));
CREATE INDEX "item_orphaned" ON "projects_workitem" ("project_id", "parent_id", "position", "id", "status") WHERE ("deleted_at" IS NULL AND "item_type" <> 'epic' AND "parent_id" IS NULL);
CREATE INDEX "item_ready" ON "projects_workitem" ("project_id", "turn", "urgency", "unblocks" DESC, "position", "item_number", "status", "lease_expires_at", "idle_leases", "item_type", "assignee_id", "parent_id", "id") WHERE ("deleted_at" IS NULL AND "status" IN ('backlog', 'todo', 'in_progress') AND "open_blockers" = 0);
CREATE INDEX "item_idle" ON "projects_workitem" ("idle_leases", "id") WHERE "idle_leases" >= 3;
CREATE INDEX "item_by_lease" ON "projects_workitem" ("lease_expires_at") WHERE "lease_expires_at" IS NOT NULL;
CREATE INDEX "item_waiting" ON "projects_workitem" ("status", "updated_at", "id") WHERE ("deleted_at" IS NULL AND "status" IN ('in_progress', 'review', 'blocked'));
CREATE INDEX "check_run_unseen" ON "projects_checkrun" ("created_at", "id") WHERE ("deleted_at" IS NULL AND "outcome" <> 'passed' AND "seen_at" IS NULL);
CREATE TABLE "projects_savedview" ("id" char(32) NOT NULL PRIMARY KEY, "version" integer unsigned NOT NULL CHECK ("version" >= 0), "created_at" datetime NOT NULL, "updated_at" datetime NOT NULL, "deleted_at" datetime NULL, "name" varchar(50) NOT NULL, "scope" varchar(7) NOT NULL, "filters" varchar(1000) NOT NULL, "sort" varchar(20) NOT NULL, "grouping" varchar(8) NOT NULL, "columns" varchar(200) NOT NULL, "created_by_id" char(32) NOT NULL REFERENCES "projects_user" ("id") DEFERRABLE INITIALLY DEFERRED, "project_id" char(32) NOT NULL REFERENCES "projects_project" ("id") DEFERRABLE INITIALLY DEFERRED, "updated_by_id" char(32) NOT NULL REFERENCES "projects_user" ("id") DEFERRABLE INITIALLY DEFERRED, CONSTRAINT "saved_view_not_blank" CHECK (NOT ("name" = '')), CONSTRAINT "saved_view_scope_known" CHECK ("scope" IN ('project', 'all')), CONSTRAINT "saved_view_grouping_known" CHECK ("grouping" IN ('none', 'status', 'epic', 'assignee', 'sprint', 'priority')));
CREATE INDEX "projects_savedview_project_id_9a8693c7" ON "projects_savedview" ("project_id");
CREATE INDEX "saved_view_by_project" ON "projects_savedview" ("project_id", "name", "id") WHERE "deleted_at" IS NULL;
CREATE INDEX "saved_view_by_name" ON "projects_savedview" ("name", "id") WHERE "deleted_at" IS NULL;
CREATE INDEX "saved_view_by_creation" ON "projects_savedview" ("created_at", "id") WHERE "deleted_at" IS NULL;
CREATE INDEX "saved_view_deleted" ON "projects_savedview" ("name", "id") WHERE "deleted_at" IS NOT NULL;
CREATE TABLE "projects_label" ("id" char(32) NOT NULL PRIMARY KEY, "version" integer unsigned NOT NULL CHECK ("version" >= 0), "created_at" datetime NOT NULL, "updated_at" datetime NOT NULL, "deleted_at" datetime NULL, "name" varchar(50) NOT NULL, "colour" varchar(6) NOT NULL, "created_by_id" char(32) NOT NULL REFERENCES "projects_user" ("id") DEFERRABLE INITIALLY DEFERRED, "project_id" char(32) NOT NULL REFERENCES "projects_project" ("id") DEFERRABLE INITIALLY DEFERRED, "updated_by_id" char(32) NOT NULL REFERENCES "projects_user" ("id") DEFERRABLE INITIALLY DEFERRED, CONSTRAINT "label_not_blank" CHECK (NOT ("name" = '')), CONSTRAINT "label_colour_known" CHECK ("colour" IN ('grey', 'red', 'orange', 'yellow', 'green', 'teal', 'blue', 'purple', 'pink')));
CREATE INDEX "projects_label_project_id_aaa6c354" ON "projects_label" ("project_id");
CREATE INDEX "label_by_project" ON "projects_label" ("project_id", "name", "id") WHERE "deleted_at" IS NULL;
CREATE INDEX "label_row_by_name" ON "projects_label" ("name", "id") WHERE "deleted_at" IS NULL;
CREATE INDEX "label_by_creation" ON "projects_label" ("created_at", "id") WHERE "deleted_at" IS NULL;
CREATE INDEX "label_deleted" ON "projects_label" ("name", "id") WHERE "deleted_at" IS NOT NULL;
CREATE INDEX "activity_by_session" ON "projects_activity" ("session", "id") WHERE "session" <> '';
CREATE INDEX "session_by_last_sign" ON "projects_session" ("last_seen_at");
CREATE TABLE "projects_pendingnote" ("id" integer NOT NULL PRIMARY KEY AUTOINCREMENT, "session" varchar(32) NOT NULL, "item_id" char(32) NULL, "comment_id" char(32) NULL, "content" text NOT NULL, "author_session" varchar(32) NOT NULL, "created_at" datetime NOT NULL, "read_at" datetime NULL, "read_by" varchar(32) NOT NULL, "created_by_id" char(32) NOT NULL REFERENCES "projects_user" ("id") DEFERRABLE INITIALLY DEFERRED);
CREATE INDEX "pending_note_by_session" ON "projects_pendingnote" ("session") WHERE "read_at" IS NULL;
CREATE INDEX "pending_note_by_item" ON "projects_pendingnote" ("item_id") WHERE "read_at" IS NULL;
CREATE TABLE "projects_attachmentcontent" ("digest" varchar(64) NOT NULL PRIMARY KEY, "size" integer unsigned NOT NULL CHECK ("size" >= 0), "data" BLOB NOT NULL);
CREATE TABLE "projects_attachment" ("id" char(32) NOT NULL PRIMARY KEY, "version" integer unsigned NOT NULL CHECK ("version" >= 0), "created_at" datetime NOT NULL, "updated_at" datetime NOT NULL, "deleted_at" datetime NULL, "name" varchar(200) NOT NULL, "media_type" varchar(24) NOT NULL, "size" integer unsigned NOT NULL CHECK ("size" >= 0), "digest" varchar(64) NOT NULL, "created_by_id" char(32) NOT NULL REFERENCES "projects_user" ("id") DEFERRABLE INITIALLY DEFERRED, "updated_by_id" char(32) NOT NULL REFERENCES "projects_user" ("id") DEFERRABLE INITIALLY DEFERRED, "work_item_id" char(32) NOT NULL REFERENCES "projects_workitem" ("id") DEFERRABLE INITIALLY DEFERRED, CONSTRAINT "attachment_name_not_blank" CHECK (NOT ("name" = '')), CONSTRAINT "attachment_media_type_known" CHECK ("media_type" IN ('image/png', 'image/jpeg', 'image/gif', 'image/webp', 'application/octet-stream')));
CREATE INDEX "attachment_content_size" ON "projects_attachmentcontent" ("size");
CREATE INDEX "attachment_by_item" ON "projects_attachment" ("work_item_id", "created_at", "id") WHERE "deleted_at" IS NULL;
CREATE INDEX "attachment_by_creation" ON "projects_attachment" ("created_at", "id") WHERE "deleted_at" IS NULL;
CREATE INDEX "attachment_deleted" ON "projects_attachment" ("created_at", "id") WHERE "deleted_at" IS NOT NULL;
CREATE INDEX "attachment_by_digest" ON "projects_attachment" ("digest");
CREATE TABLE "projects_boardidentity" ("id" smallint unsigned NOT NULL PRIMARY KEY CHECK ("id" >= 0), "board_id" char(32) NOT NULL, CONSTRAINT "board_identity_is_one" CHECK ("id" = 1));
CREATE TABLE "projects_commit" ("sha" varchar(64) NOT NULL PRIMARY KEY, "author" varchar(200) NOT NULL, "authored_at" datetime NOT NULL, "committed_at" datetime NOT NULL, "subject" varchar(300) NOT NULL, "files" integer unsigned NULL CHECK ("files" >= 0), "insertions" integer unsigned NULL CHECK ("insertions" >= 0), "deletions" integer unsigned NULL CHECK ("deletions" >= 0), "reported_at" datetime NULL, "reported_by" varchar(150) DEFAULT '' NOT NULL, "reported_from" varchar(100) DEFAULT '' NOT NULL, "reported_program" varchar(40) DEFAULT '' NOT NULL);
CREATE TABLE "projects_project" ("id" char(32) NOT NULL PRIMARY KEY, "version" integer unsigned NOT NULL CHECK ("version" >= 0), "created_at" datetime NOT NULL, "updated_at" datetime NOT NULL, "created_by_id" char(32) NOT NULL REFERENCES "projects_user" ("id") DEFERRABLE INITIALLY DEFERRED, "updated_by_id" char(32) NOT NULL REFERENCES "projects_user" ("id") DEFERRABLE INITIALLY DEFERRED, "deleted_at" datetime NULL, "key" varchar(20) NOT NULL, "title" varchar(200) NOT NULL, "description" text NOT NULL, "status" varchar(10) NOT NULL, "next_work_item_number" integer unsigned NOT NULL CHECK ("next_work_item_number" >= 0), "acceptance_policy" varchar(8) DEFAULT 'off' NOT NULL, "checks_policy" varchar(8) DEFAULT 'off' NOT NULL, "review_policy" varchar(8) DEFAULT 'off' NOT NULL, "commits_policy" varchar(8) DEFAULT 'reported' NOT NULL, CONSTRAINT "project_key_valid" CHECK (("key" GLOB '[A-Z]?*' AND NOT ("key" GLOB '*[^A-Z0-9_]*') AND LENGTH("key") <= 20)), CONSTRAINT "project_title_length" CHECK ((LENGTH("title") >= 1 AND LENGTH("title") <= 200)), CONSTRAINT "project_status_known" CHECK ("status" IN ('active', 'archived')), CONSTRAINT "project_version_positive" CHECK ("version" >= 1), CONSTRAINT "project_next_number_positive" CHECK ("next_work_item_number" >= 1), CONSTRAINT "project_review_policy_known" CHECK ("review_policy" IN ('off', 'required')), CONSTRAINT "project_checks_policy_known" CHECK ("checks_policy" IN ('off', 'warn', 'required')), CONSTRAINT "project_acceptance_policy_known" CHECK ("acceptance_policy" IN ('off', 'required')), CONSTRAINT "project_commits_policy_known" CHECK ("commits_policy" IN ('reported', 'read')));
CREATE UNIQUE INDEX "project_key_unique_living" ON "projects_project" ("key") WHERE "deleted_at" IS NULL;
CREATE INDEX "project_by_creation" ON "projects_project" ("created_at", "id") WHERE "deleted_at" IS NULL;
CREATE INDEX "project_by_update" ON "projects_project" ("updated_at", "id") WHERE "deleted_at" IS NULL;
CREATE INDEX "project_by_title" ON "projects_project" ("title", "id") WHERE "deleted_at" IS NULL;
CREATE TABLE "projects_boardmove" ("id" smallint unsigned NOT NULL PRIMARY KEY CHECK ("id" >= 0), "source" char(32) NOT NULL, "digest" varchar(64) NOT NULL, "moved_by" varchar(150) NOT NULL, "moved_at" datetime NOT NULL, CONSTRAINT "board_move_is_one" CHECK ("id" = 1));
CREATE TABLE "projects_apitoken" ("id" integer NOT NULL PRIMARY KEY AUTOINCREMENT, "digest" varchar(64) NOT NULL UNIQUE, "name" varchar(100) NOT NULL, "scopes" varchar(60) NOT NULL, "created_at" datetime NOT NULL, "expires_at" datetime NOT NULL, "last_used_at" datetime NULL, "revoked_at" datetime NULL, "user_id" char(32) NOT NULL REFERENCES "projects_user" ("id") DEFERRABLE INITIALLY DEFERRED, "projects" text DEFAULT '' NOT NULL);
CREATE INDEX "projects_apitoken_user_id_a07e154c" ON "projects_apitoken" ("user_id");
CREATE TABLE "projects_devicecode" ("id" integer NOT NULL PRIMARY KEY AUTOINCREMENT, "digest" varchar(64) NOT NULL UNIQUE, "user_code" varchar(8) NOT NULL UNIQUE, "name" varchar(100) NOT NULL, "scopes" varchar(60) NOT NULL, "address" varchar(45) NOT NULL, "created_at" datetime NOT NULL, "expires_at" datetime NOT NULL, "is_approved" bool NOT NULL, "answered_by_id" char(32) NULL REFERENCES "projects_user" ("id") DEFERRABLE INITIALLY DEFERRED, "projects" text DEFAULT '' NOT NULL);
CREATE INDEX "projects_devicecode_expires_at_35215c4c" ON "projects_devicecode" ("expires_at");
CREATE INDEX "projects_devicecode_answered_by_id_5423896b" ON "projects_devicecode" ("answered_by_id");
CREATE TABLE "projects_defaultrole" ("id" smallint unsigned NOT NULL PRIMARY KEY CHECK ("id" >= 0), "role" varchar(10) NOT NULL, CONSTRAINT "default_role_is_one" CHECK ("id" = 1), CONSTRAINT "default_role_known" CHECK ("role" IN ('none', 'viewer', 'member')));
CREATE TABLE "projects_membership" ("id" char(32) NOT NULL PRIMARY KEY, "role" varchar(10) NOT NULL, "given_at" datetime NOT NULL, "given_by_id" char(32) NULL REFERENCES "projects_user" ("id") DEFERRABLE INITIALLY DEFERRED, "project_id" char(32) NOT NULL, "user_id" char(32) NOT NULL REFERENCES "projects_user" ("id") DEFERRABLE INITIALLY DEFERRED, CONSTRAINT "membership_unique" UNIQUE ("user_id", "project_id"), CONSTRAINT "membership_role_known" CHECK ("role" IN ('viewer', 'member', 'maintainer')));
CREATE INDEX "projects_membership_given_by_id_b0d4ba71" ON "projects_membership" ("given_by_id");
CREATE INDEX "projects_membership_project_id_5f65bf3f" ON "projects_membership" ("project_id");
CREATE INDEX "projects_membership_user_id_13374535" ON "projects_membership" ("user_id");
CREATE TABLE "django_session" ("session_key" varchar(40) NOT NULL PRIMARY KEY, "session_data" text NOT NULL, "expire_date" datetime NOT NULL);
CREATE INDEX "django_session_expire_date_a5c62663" ON "django_session" ("expire_date");
CREATE TRIGGER item_label_insert AFTER INSERT ON projects_workitem
WHEN json_array_length(new.labels) > 0 BEGIN
    INSERT INTO projects_itemlabel (name, work_item_id)
    SELECT DISTINCT value, new.id FROM json_each(new.labels);
END;
CREATE TRIGGER item_label_update AFTER UPDATE OF labels ON projects_workitem
WHEN new.labels IS NOT old.labels BEGIN
    DELETE FROM projects_itemlabel WHERE work_item_id = new.id;
    INSERT INTO projects_itemlabel (name, work_item_id)
    SELECT DISTINCT value, new.id FROM json_each(new.labels);
END;
CREATE TRIGGER item_label_delete AFTER DELETE ON projects_workitem BEGIN
    DELETE FROM projects_itemlabel WHERE work_item_id = old.id;
END;
CREATE TRIGGER search_project_insert AFTER INSERT ON projects_project BEGIN
    INSERT INTO projects_searchentry (entity_id, entity_type) VALUES (new.id, 'project');
    INSERT INTO projects_search (rowid, key, title, body)
    SELECT entry.id, new.key, new.title, new.description
    FROM projects_searchentry entry WHERE entry.entity_id = new.id;
END;
CREATE TRIGGER search_project_update AFTER UPDATE OF key, title, description ON projects_project
WHEN new.key IS NOT old.key OR new.title IS NOT old.title OR new.description IS NOT old.description BEGIN
    UPDATE projects_search SET (key, title, body) = (new.key, new.title, new.description)
    WHERE rowid = (SELECT id FROM projects_searchentry WHERE entity_id = new.id);
END;
CREATE TRIGGER search_project_delete AFTER DELETE ON projects_project BEGIN
    DELETE FROM projects_search WHERE rowid = (SELECT id FROM projects_searchentry WHERE entity_id = old.id);
    DELETE FROM projects_searchentry WHERE entity_id = old.id;
END;
CREATE TRIGGER search_work_item_insert AFTER INSERT ON projects_workitem BEGIN
    INSERT INTO projects_searchentry (entity_id, entity_type) VALUES (new.id, 'work_item');
    INSERT INTO projects_search (rowid, key, title, body)
    SELECT
        entry.id,
        (SELECT key FROM projects_project WHERE id = new.project_id) || '-' || new.item_number
            || CASE new.external_ref WHEN '' THEN '' ELSE ' ' || new.external_ref END,
        new.title,
        new.description
    FROM projects_searchentry entry WHERE entry.entity_id = new.id;
END;
CREATE TRIGGER search_work_item_update AFTER UPDATE OF item_number, external_ref, title, description ON projects_workitem
WHEN new.item_number IS NOT old.item_number OR new.external_ref IS NOT old.external_ref
    OR new.title IS NOT old.title OR new.description IS NOT old.description BEGIN
    UPDATE projects_search SET (key, title, body) = (
        (SELECT key FROM projects_project WHERE id = new.project_id) || '-' || new.item_number
            || CASE new.external_ref WHEN '' THEN '' ELSE ' ' || new.external_ref END,
        new.title,
        new.description)
    WHERE rowid = (SELECT id FROM projects_searchentry WHERE entity_id = new.id);
END;
CREATE TRIGGER search_work_item_delete AFTER DELETE ON projects_workitem BEGIN
    DELETE FROM projects_search WHERE rowid = (SELECT id FROM projects_searchentry WHERE entity_id = old.id);
    DELETE FROM projects_searchentry WHERE entity_id = old.id;
END;
CREATE TRIGGER search_comment_insert AFTER INSERT ON projects_comment BEGIN
    INSERT INTO projects_searchentry (entity_id, entity_type) VALUES (new.id, 'comment');
    INSERT INTO projects_search (rowid, key, title, body)
    SELECT entry.id, '', '', new.content FROM projects_searchentry entry WHERE entry.entity_id = new.id;
END;
CREATE TRIGGER search_comment_update AFTER UPDATE OF content ON projects_comment
WHEN new.content IS NOT old.content BEGIN
    UPDATE projects_search SET (key, title, body) = ('', '', new.content)
    WHERE rowid = (SELECT id FROM projects_searchentry WHERE entity_id = new.id);
END;
CREATE TRIGGER comment_unconfirm AFTER UPDATE OF content ON projects_comment
WHEN new.content IS NOT old.content AND new.confirmed_by_id IS NOT NULL BEGIN
    UPDATE projects_comment SET confirmed_by_id = NULL WHERE id = new.id;
END;
CREATE TRIGGER search_comment_delete AFTER DELETE ON projects_comment BEGIN
    DELETE FROM projects_search WHERE rowid = (SELECT id FROM projects_searchentry WHERE entity_id = old.id);
    DELETE FROM projects_searchentry WHERE entity_id = old.id;
END;
CREATE TRIGGER search_shown_insert AFTER INSERT ON projects_searchentry BEGIN
    INSERT INTO projects_searchshown (entry_id, project_id)
    SELECT new.id, new.entity_id WHERE new.entity_type = 'project';
    INSERT INTO projects_searchshown (entry_id, project_id)
    SELECT new.id, item.project_id FROM projects_workitem item
    WHERE item.id = new.entity_id AND item.deleted_at IS NULL;
    INSERT INTO projects_searchshown (entry_id, project_id)
    SELECT new.id, item.project_id FROM projects_comment comment
    JOIN projects_workitem item ON item.id = comment.work_item_id
    WHERE comment.id = new.entity_id AND comment.deleted_at IS NULL AND item.deleted_at IS NULL;
END;
CREATE TRIGGER search_shown_delete AFTER DELETE ON projects_searchentry BEGIN
    DELETE FROM projects_searchshown WHERE entry_id = old.id;
END;
CREATE TRIGGER search_shown_work_item AFTER UPDATE OF deleted_at ON projects_workitem
WHEN (new.deleted_at IS NULL) <> (old.deleted_at IS NULL) BEGIN
    DELETE FROM projects_searchshown WHERE entry_id IN (
        SELECT id FROM projects_searchentry WHERE entity_id = new.id
        UNION ALL
        SELECT id FROM projects_searchentry
        WHERE entity_id IN (SELECT id FROM projects_comment WHERE work_item_id = new.id));
    INSERT INTO projects_searchshown (entry_id, project_id)
    SELECT id, new.project_id FROM projects_searchentry
    WHERE entity_id = new.id AND new.deleted_at IS NULL;
    INSERT INTO projects_searchshown (entry_id, project_id)
    SELECT entry.id, new.project_id FROM projects_comment comment
    JOIN projects_searchentry entry ON entry.entity_id = comment.id
    WHERE comment.work_item_id = new.id AND comment.deleted_at IS NULL AND new.deleted_at IS NULL;
END;
CREATE TRIGGER search_shown_comment AFTER UPDATE OF deleted_at ON projects_comment
WHEN (new.deleted_at IS NULL) <> (old.deleted_at IS NULL) BEGIN
    DELETE FROM projects_searchshown
    WHERE entry_id IN (SELECT id FROM projects_searchentry WHERE entity_id = new.id);
    INSERT INTO projects_searchshown (entry_id, project_id)
    SELECT entry.id, item.project_id FROM projects_searchentry entry
    JOIN projects_workitem item ON item.id = new.work_item_id
    WHERE entry.entity_id = new.id AND new.deleted_at IS NULL AND item.deleted_at IS NULL;
END;
CREATE TRIGGER item_link_insert AFTER INSERT ON projects_dependency
WHEN new.dependency_type = 'blocks' AND new.deleted_at IS NULL BEGIN
    UPDATE projects_workitem SET open_blockers = open_blockers + (
        SELECT (other.deleted_at IS NULL AND other.status NOT IN ('done', 'cancelled'))
        FROM projects_workitem other WHERE other.id = new.blocking_item_id)
    WHERE id = new.blocked_item_id;
    UPDATE projects_workitem SET unblocks = unblocks + (
        SELECT (other.deleted_at IS NULL AND other.status NOT IN ('done', 'cancelled'))
        FROM projects_workitem other WHERE other.id = new.blocked_item_id)
    WHERE id = new.blocking_item_id;
END;
CREATE TRIGGER item_link_update
AFTER UPDATE OF deleted_at, dependency_type, blocking_item_id, blocked_item_id ON projects_dependency BEGIN
    UPDATE projects_workitem SET open_blockers = open_blockers - (
        SELECT (other.deleted_at IS NULL AND other.status NOT IN ('done', 'cancelled'))
        FROM projects_workitem other WHERE other.id = old.blocking_item_id)
    WHERE id = old.blocked_item_id AND old.dependency_type = 'blocks' AND old.deleted_at IS NULL;
    UPDATE projects_workitem SET unblocks = unblocks - (
        SELECT (other.deleted_at IS NULL AND other.status NOT IN ('done', 'cancelled'))
        FROM projects_workitem other WHERE other.id = old.blocked_item_id)
    WHERE id = old.blocking_item_id AND old.dependency_type = 'blocks' AND old.deleted_at IS NULL;
    UPDATE projects_workitem SET open_blockers = open_blockers + (
        SELECT (other.deleted_at IS NULL AND other.status NOT IN ('done', 'cancelled'))
        FROM projects_workitem other WHERE other.id = new.blocking_item_id)
    WHERE id = new.blocked_item_id AND new.dependency_type = 'blocks' AND new.deleted_at IS NULL;
    UPDATE projects_workitem SET unblocks = unblocks + (
        SELECT (other.deleted_at IS NULL AND other.status NOT IN ('done', 'cancelled'))
        FROM projects_workitem other WHERE other.id = new.blocked_item_id)
    WHERE id = new.blocking_item_id AND new.dependency_type = 'blocks' AND new.deleted_at IS NULL;
END;
CREATE TRIGGER item_link_delete AFTER DELETE ON projects_dependency
WHEN old.dependency_type = 'blocks' AND old.deleted_at IS NULL BEGIN
    UPDATE projects_workitem SET open_blockers = open_blockers - (
        SELECT (other.deleted_at IS NULL AND other.status NOT IN ('done', 'cancelled'))
        FROM projects_workitem other WHERE other.id = old.blocking_item_id)
    WHERE id = old.blocked_item_id;
    UPDATE projects_workitem SET unblocks = unblocks - (
        SELECT (other.deleted_at IS NULL AND other.status NOT IN ('done', 'cancelled'))
        FROM projects_workitem other WHERE other.id = old.blocked_item_id)
    WHERE id = old.blocking_item_id;
END;
CREATE TRIGGER item_link_status AFTER UPDATE OF status, deleted_at ON projects_workitem
WHEN (new.deleted_at IS NULL AND new.status NOT IN ('done', 'cancelled'))
    <> (old.deleted_at IS NULL AND old.status NOT IN ('done', 'cancelled')) BEGIN
    UPDATE projects_workitem
    SET open_blockers = open_blockers
        + (new.deleted_at IS NULL AND new.status NOT IN ('done', 'cancelled'))
        - (old.deleted_at IS NULL AND old.status NOT IN ('done', 'cancelled'))
    WHERE id IN (
        SELECT link.blocked_item_id FROM projects_dependency link
        WHERE link.blocking_item_id = new.id AND link.dependency_type = 'blocks' AND link.deleted_at IS NULL);
    UPDATE projects_workitem
    SET unblocks = unblocks
        + (new.deleted_at IS NULL AND new.status NOT IN ('done', 'cancelled'))
        - (old.deleted_at IS NULL AND old.status NOT IN ('done', 'cancelled'))
    WHERE id IN (
        SELECT link.blocking_item_id FROM projects_dependency link
        WHERE link.blocked_item_id = new.id AND link.dependency_type = 'blocks' AND link.deleted_at IS NULL);
END;
CREATE TRIGGER item_current_insert AFTER INSERT ON projects_workitem WHEN new.sprint_id IS NOT NULL BEGIN
    UPDATE projects_workitem SET is_current = EXISTS (
        SELECT 1 FROM projects_sprint
        WHERE id = new.sprint_id AND status = 'active' AND deleted_at IS NULL)
    WHERE id = new.id;
END;
CREATE TRIGGER item_current_update AFTER UPDATE OF sprint_id ON projects_workitem
WHEN new.sprint_id IS NOT old.sprint_id BEGIN
    UPDATE projects_workitem SET is_current = EXISTS (
        SELECT 1 FROM projects_sprint
        WHERE id = new.sprint_id AND status = 'active' AND deleted_at IS NULL)
    WHERE id = new.id;
END;
CREATE TRIGGER item_current_sprint AFTER UPDATE OF status, deleted_at ON projects_sprint
WHEN (new.status = 'active' AND new.deleted_at IS NULL) <> (old.status = 'active' AND old.deleted_at IS NULL) BEGIN
    UPDATE projects_workitem SET is_current = (new.status = 'active' AND new.deleted_at IS NULL)
    WHERE sprint_id = new.id;
END;
CREATE TRIGGER item_current_sprint_insert AFTER INSERT ON projects_sprint
WHEN new.status = 'active' AND new.deleted_at IS NULL BEGIN
    UPDATE projects_workitem SET is_current = 1 WHERE sprint_id = new.id;
END;
CREATE TRIGGER question_pause_insert AFTER INSERT ON projects_question
WHEN new.status = 'open' AND new.deleted_at IS NULL BEGIN
    UPDATE projects_workitem
    SET lease_left = CAST((julianday(lease_expires_at) - julianday('now')) * 86400 + 0.5 AS INTEGER),
        lease_expires_at = '9998-12-31 00:00:00'
    WHERE id = new.work_item_id AND lease_left IS NULL
        AND lease_expires_at > strftime('%Y-%m-%d %H:%M:%f', 'now');
END;
CREATE TRIGGER question_pause_update AFTER UPDATE OF status, deleted_at ON projects_question
WHEN new.status = 'open' AND new.deleted_at IS NULL AND NOT (old.status = 'open' AND old.deleted_at IS NULL) BEGIN
    UPDATE projects_workitem
    SET lease_left = CAST((julianday(lease_expires_at) - julianday('now')) * 86400 + 0.5 AS INTEGER),
        lease_expires_at = '9998-12-31 00:00:00'
    WHERE id = new.work_item_id AND lease_left IS NULL
        AND lease_expires_at > strftime('%Y-%m-%d %H:%M:%f', 'now');
END;
CREATE TRIGGER question_resume_update AFTER UPDATE OF status, deleted_at ON projects_question
WHEN old.status = 'open' AND old.deleted_at IS NULL AND NOT (new.status = 'open' AND new.deleted_at IS NULL) BEGIN
    UPDATE projects_workitem
    SET lease_expires_at = strftime('%Y-%m-%d %H:%M:%f', 'now', '+' || lease_left || ' seconds'), lease_left = NULL
    WHERE id = old.work_item_id AND lease_left IS NOT NULL AND NOT EXISTS (
        SELECT 1 FROM projects_question
        WHERE work_item_id = old.work_item_id AND status = 'open' AND deleted_at IS NULL);
END;
CREATE TRIGGER question_resume_delete AFTER DELETE ON projects_question
WHEN old.status = 'open' AND old.deleted_at IS NULL BEGIN
    UPDATE projects_workitem
    SET lease_expires_at = strftime('%Y-%m-%d %H:%M:%f', 'now', '+' || lease_left || ' seconds'), lease_left = NULL
    WHERE id = old.work_item_id AND lease_left IS NOT NULL AND NOT EXISTS (
        SELECT 1 FROM projects_question
        WHERE work_item_id = old.work_item_id AND status = 'open' AND deleted_at IS NULL);
END;
CREATE TRIGGER item_lease_pause AFTER UPDATE OF lease_expires_at ON projects_workitem
WHEN new.lease_expires_at IS NOT old.lease_expires_at AND new.lease_expires_at < '9998-12-31 00:00:00' BEGIN
    UPDATE projects_workitem
    SET lease_left = CAST((julianday(lease_expires_at) - julianday('now')) * 86400 + 0.5 AS INTEGER),
        lease_expires_at = '9998-12-31 00:00:00'
    WHERE id = new.id AND lease_expires_at > strftime('%Y-%m-%d %H:%M:%f', 'now') AND EXISTS (
        SELECT 1 FROM projects_question
        WHERE work_item_id = new.id AND status = 'open' AND deleted_at IS NULL);
END;
CREATE TRIGGER item_lease_end AFTER UPDATE OF lease_expires_at ON projects_workitem
WHEN new.lease_expires_at IS NULL AND new.lease_left IS NOT NULL BEGIN
    UPDATE projects_workitem SET lease_left = NULL WHERE id = new.id;
END;
CREATE TRIGGER item_count_insert AFTER INSERT ON projects_workitem WHEN new.deleted_at IS NULL BEGIN
    INSERT INTO projects_itemcount (project_id, status, item_type, priority)
    SELECT new.project_id, new.status, new.item_type, new.priority
    WHERE NOT EXISTS (
        SELECT 1 FROM projects_itemcount
        WHERE project_id = new.project_id AND status = new.status
            AND item_type = new.item_type AND priority = new.priority);
    UPDATE projects_itemcount
    SET number = number + 1, points = points + coalesce(new.story_points, 0),
        blocked = blocked + (new.open_blockers > 0)
    WHERE project_id = new.project_id AND status = new.status
        AND item_type = new.item_type AND priority = new.priority;
END;
CREATE TRIGGER item_count_update
AFTER UPDATE OF project_id, status, item_type, priority, story_points, open_blockers, deleted_at ON projects_workitem
WHEN new.project_id IS NOT old.project_id OR new.status IS NOT old.status OR new.item_type IS NOT old.item_type
    OR new.priority IS NOT old.priority OR new.story_points IS NOT old.story_points
    OR new.open_blockers IS NOT old.open_blockers OR new.deleted_at IS NOT old.deleted_at BEGIN
    UPDATE projects_itemcount
    SET number = number - 1, points = points - coalesce(old.story_points, 0),
        blocked = blocked - (old.open_blockers > 0)
    WHERE project_id = old.project_id AND status = old.status
        AND item_type = old.item_type AND priority = old.priority AND old.deleted_at IS NULL;
    INSERT INTO projects_itemcount (project_id, status, item_type, priority)
    SELECT new.project_id, new.status, new.item_type, new.priority
    WHERE new.deleted_at IS NULL AND NOT EXISTS (
        SELECT 1 FROM projects_itemcount
        WHERE project_id = new.project_id AND status = new.status
            AND item_type = new.item_type AND priority = new.priority);
    UPDATE projects_itemcount
    SET number = number + 1, points = points + coalesce(new.story_points, 0),
        blocked = blocked + (new.open_blockers > 0)
    WHERE project_id = new.project_id AND status = new.status
        AND item_type = new.item_type AND priority = new.priority AND new.deleted_at IS NULL;
END;
CREATE TRIGGER item_count_delete AFTER DELETE ON projects_workitem WHEN old.deleted_at IS NULL BEGIN
    UPDATE projects_itemcount
    SET number = number - 1, points = points - coalesce(old.story_points, 0),
        blocked = blocked - (old.open_blockers > 0)
    WHERE project_id = old.project_id AND status = old.status
        AND item_type = old.item_type AND priority = old.priority;
END;
CREATE TRIGGER item_count_project AFTER DELETE ON projects_project BEGIN
    DELETE FROM projects_itemcount WHERE project_id = old.id;
END;
CREATE TRIGGER criteria_insert AFTER INSERT ON projects_criterion BEGIN
    UPDATE projects_workitem SET (criteria_total, criteria_ticked) = (
        SELECT count(*), count(ticked_by_id) FROM projects_criterion
        WHERE work_item_id = new.work_item_id AND deleted_at IS NULL)
    WHERE id = new.work_item_id;
END;
CREATE TRIGGER criteria_update AFTER UPDATE OF deleted_at, ticked_by_id, work_item_id ON projects_criterion
WHEN new.deleted_at IS NOT old.deleted_at OR new.ticked_by_id IS NOT old.ticked_by_id
    OR new.work_item_id IS NOT old.work_item_id BEGIN
    UPDATE projects_workitem SET (criteria_total, criteria_ticked) = (
        SELECT count(*), count(ticked_by_id) FROM projects_criterion
        WHERE work_item_id = projects_workitem.id AND deleted_at IS NULL)
    WHERE id IN (old.work_item_id, new.work_item_id);
END;
CREATE TRIGGER criteria_delete AFTER DELETE ON projects_criterion BEGIN
    UPDATE projects_workitem SET (criteria_total, criteria_ticked) = (
        SELECT count(*), count(ticked_by_id) FROM projects_criterion
        WHERE work_item_id = old.work_item_id AND deleted_at IS NULL)
    WHERE id = old.work_item_id;
END;
CREATE TRIGGER api_token_fixed BEFORE UPDATE OF digest, user_id, scopes, projects, expires_at ON projects_apitoken
WHEN new.digest IS NOT old.digest OR new.user_id IS NOT old.user_id OR new.scopes IS NOT old.scopes
    OR new.projects IS NOT old.projects OR new.expires_at IS NOT old.expires_at BEGIN
    SELECT RAISE(ABORT, 'the user, the rights and the expiry of a token never change; create another token');
END;
INSERT INTO projects_search (projects_search, rank) VALUES ('automerge', 16);
INSERT INTO projects_search (projects_search, rank) VALUES ('rank', 'bm25(4.0, 8.0, 1.0)');
INSERT INTO django_migrations (app, name, applied) VALUES ('contenttypes', '0001_initial', strftime('%Y-%m-%d %H:%M:%f', 'now'));
INSERT INTO django_migrations (app, name, applied) VALUES ('contenttypes', '0002_remove_content_type_name', strftime('%Y-%m-%d %H:%M:%f', 'now'));
INSERT INTO django_migrations (app, name, applied) VALUES ('auth', '0001_initial', strftime('%Y-%m-%d %H:%M:%f', 'now'));
INSERT INTO django_migrations (app, name, applied) VALUES ('auth', '0002_alter_permission_name_max_length', strftime('%Y-%m-%d %H:%M:%f', 'now'));
INSERT INTO django_migrations (app, name, applied) VALUES ('auth', '0003_alter_user_email_max_length', strftime('%Y-%m-%d %H:%M:%f', 'now'));
INSERT INTO django_migrations (app, name, applied) VALUES ('auth', '0004_alter_user_username_opts', strftime('%Y-%m-%d %H:%M:%f', 'now'));
INSERT INTO django_migrations (app, name, applied) VALUES ('auth', '0005_alter_user_last_login_null', strftime('%Y-%m-%d %H:%M:%f', 'now'));
INSERT INTO django_migrations (app, name, applied) VALUES ('auth', '0006_require_contenttypes_0002', strftime('%Y-%m-%d %H:%M:%f', 'now'));
INSERT INTO django_migrations (app, name, applied) VALUES ('auth', '0007_alter_validators_add_error_messages', strftime('%Y-%m-%d %H:%M:%f', 'now'));
INSERT INTO django_migrations (app, name, applied) VALUES ('auth', '0008_alter_user_username_max_length', strftime('%Y-%m-%d %H:%M:%f', 'now'));
INSERT INTO django_migrations (app, name, applied) VALUES ('auth', '0009_alter_user_last_name_max_length', strftime('%Y-%m-%d %H:%M:%f', 'now'));
INSERT INTO django_migrations (app, name, applied) VALUES ('auth', '0010_alter_group_name_max_length', strftime('%Y-%m-%d %H:%M:%f', 'now'));
INSERT INTO django_migrations (app, name, applied) VALUES ('auth', '0011_update_proxy_permissions', strftime('%Y-%m-%d %H:%M:%f', 'now'));
INSERT INTO django_migrations (app, name, applied) VALUES ('auth', '0012_alter_user_first_name_max_length', strftime('%Y-%m-%d %H:%M:%f', 'now'));
INSERT INTO django_migrations (app, name, applied) VALUES ('projects', '0001_initial', strftime('%Y-%m-%d %H:%M:%f', 'now'));
INSERT INTO django_migrations (app, name, applied) VALUES ('admin', '0001_initial', strftime('%Y-%m-%d %H:%M:%f', 'now'));
INSERT INTO django_migrations (app, name, applied) VALUES ('admin', '0002_logentry_remove_auto_add', strftime('%Y-%m-%d %H:%M:%f', 'now'));
INSERT INTO django_migrations (app, name, applied) VALUES ('admin', '0003_logentry_add_action_flag_choices', strftime('%Y-%m-%d %H:%M:%f', 'now'));
INSERT INTO django_migrations (app, name, applied) VALUES ('projects', '0002_item_labels', strftime('%Y-%m-%d %H:%M:%f', 'now'));
INSERT INTO django_migrations (app, name, applied) VALUES ('projects', '0003_search', strftime('%Y-%m-%d %H:%M:%f', 'now'));
INSERT INTO django_migrations (app, name, applied) VALUES ('projects', '0004_item_links', strftime('%Y-%m-%d %H:%M:%f', 'now'));
INSERT INTO django_migrations (app, name, applied) VALUES ('projects', '0005_item_counts', strftime('%Y-%m-%d %H:%M:%f', 'now'));
INSERT INTO django_migrations (app, name, applied) VALUES ('projects', '0006_search_shown', strftime('%Y-%m-%d %H:%M:%f', 'now'));
INSERT INTO django_migrations (app, name, applied) VALUES ('projects', '0007_open_items_are_not_completed', strftime('%Y-%m-%d %H:%M:%f', 'now'));
INSERT INTO django_migrations (app, name, applied) VALUES ('projects', '0008_longer_display_key', strftime('%Y-%m-%d %H:%M:%f', 'now'));
INSERT INTO django_migrations (app, name, applied) VALUES ('projects', '0009_triggers', strftime('%Y-%m-%d %H:%M:%f', 'now'));
INSERT INTO django_migrations (app, name, applied) VALUES ('projects', '0010_help_texts', strftime('%Y-%m-%d %H:%M:%f', 'now'));
INSERT INTO django_migrations (app, name, applied) VALUES ('projects', '0011_sync', strftime('%Y-%m-%d %H:%M:%f', 'now'));
INSERT INTO django_migrations (app, name, applied) VALUES ('projects', '0012_ordering_keys', strftime('%Y-%m-%d %H:%M:%f', 'now'));
INSERT INTO django_migrations (app, name, applied) VALUES ('projects', '0013_due_date', strftime('%Y-%m-%d %H:%M:%f', 'now'));
INSERT INTO django_migrations (app, name, applied) VALUES ('projects', '0014_sync_lines', strftime('%Y-%m-%d %H:%M:%f', 'now'));
INSERT INTO django_migrations (app, name, applied) VALUES ('projects', '0015_sync_skipped', strftime('%Y-%m-%d %H:%M:%f', 'now'));
INSERT INTO django_migrations (app, name, applied) VALUES ('projects', '0016_kinds_of_users', strftime('%Y-%m-%d %H:%M:%f', 'now'));
INSERT INTO django_migrations (app, name, applied) VALUES ('projects', '0017_sessions', strftime('%Y-%m-%d %H:%M:%f', 'now'));
INSERT INTO django_migrations (app, name, applied) VALUES ('projects', '0018_external_ref', strftime('%Y-%m-%d %H:%M:%f', 'now'));
INSERT INTO django_migrations (app, name, applied) VALUES ('projects', '0019_cancelled', strftime('%Y-%m-%d %H:%M:%f', 'now'));
INSERT INTO django_migrations (app, name, applied) VALUES ('projects', '0020_types', strftime('%Y-%m-%d %H:%M:%f', 'now'));
INSERT INTO django_migrations (app, name, applied) VALUES ('projects', '0021_dependency_types', strftime('%Y-%m-%d %H:%M:%f', 'now'));
INSERT INTO django_migrations (app, name, applied) VALUES ('projects', '0022_orphans_by_parent', strftime('%Y-%m-%d %H:%M:%f', 'now'));
INSERT INTO django_migrations (app, name, applied) VALUES ('projects', '0023_sync_format', strftime('%Y-%m-%d %H:%M:%f', 'now'));
INSERT INTO django_migrations (app, name, applied) VALUES ('projects', '0024_claims', strftime('%Y-%m-%d %H:%M:%f', 'now'));
INSERT INTO django_migrations (app, name, applied) VALUES ('projects', '0025_comment_kinds', strftime('%Y-%m-%d %H:%M:%f', 'now'));
INSERT INTO django_migrations (app, name, applied) VALUES ('projects', '0026_news_cursors', strftime('%Y-%m-%d %H:%M:%f', 'now'));
INSERT INTO django_migrations (app, name, applied) VALUES ('projects', '0027_login_links', strftime('%Y-%m-%d %H:%M:%f', 'now'));
INSERT INTO django_migrations (app, name, applied) VALUES ('projects', '0028_commits', strftime('%Y-%m-%d %H:%M:%f', 'now'));
INSERT INTO django_migrations (app, name, applied) VALUES ('projects', '0029_inbox', strftime('%Y-%m-%d %H:%M:%f', 'now'));
INSERT INTO django_migrations (app, name, applied) VALUES ('projects', '0030_news_of_syncs', strftime('%Y-%m-%d %H:%M:%f', 'now'));
INSERT INTO django_migrations (app, name, applied) VALUES ('projects', '0031_questions', strftime('%Y-%m-%d %H:%M:%f', 'now'));
INSERT INTO django_migrations (app, name, applied) VALUES ('projects', '0032_renumbered_commits', strftime('%Y-%m-%d %H:%M:%f', 'now'));
INSERT INTO django_migrations (app, name, applied) VALUES ('projects', '0033_questions_waiting', strftime('%Y-%m-%d %H:%M:%f', 'now'));
INSERT INTO django_migrations (app, name, applied) VALUES ('projects', '0034_reviews', strftime('%Y-%m-%d %H:%M:%f', 'now'));
INSERT INTO django_migrations (app, name, applied) VALUES ('projects', '0035_paused_leases', strftime('%Y-%m-%d %H:%M:%f', 'now'));
INSERT INTO django_migrations (app, name, applied) VALUES ('projects', '0036_checks', strftime('%Y-%m-%d %H:%M:%f', 'now'));
INSERT INTO django_migrations (app, name, applied) VALUES ('projects', '0037_criteria_counts', strftime('%Y-%m-%d %H:%M:%f', 'now'));
INSERT INTO django_migrations (app, name, applied) VALUES ('projects', '0038_unseen_check_runs', strftime('%Y-%m-%d %H:%M:%f', 'now'));
INSERT INTO django_migrations (app, name, applied) VALUES ('projects', '0039_saved_views', strftime('%Y-%m-%d %H:%M:%f', 'now'));
INSERT INTO django_migrations (app, name, applied) VALUES ('projects', '0040_status_names', strftime('%Y-%m-%d %H:%M:%f', 'now'));
INSERT INTO django_migrations (app, name, applied) VALUES ('projects', '0041_review_index', strftime('%Y-%m-%d %H:%M:%f', 'now'));
INSERT INTO django_migrations (app, name, applied) VALUES ('projects', '0042_labels', strftime('%Y-%m-%d %H:%M:%f', 'now'));
INSERT INTO django_migrations (app, name, applied) VALUES ('projects', '0043_pending_notes', strftime('%Y-%m-%d %H:%M:%f', 'now'));
INSERT INTO django_migrations (app, name, applied) VALUES ('projects', '0044_attachments', strftime('%Y-%m-%d %H:%M:%f', 'now'));
INSERT INTO django_migrations (app, name, applied) VALUES ('projects', '0045_team', strftime('%Y-%m-%d %H:%M:%f', 'now'));
INSERT INTO django_migrations (app, name, applied) VALUES ('projects', '0046_moved_boards', strftime('%Y-%m-%d %H:%M:%f', 'now'));
INSERT INTO django_migrations (app, name, applied) VALUES ('projects', '0047_roles', strftime('%Y-%m-%d %H:%M:%f', 'now'));
INSERT INTO django_migrations (app, name, applied) VALUES ('sessions', '0001_initial', strftime('%Y-%m-%d %H:%M:%f', 'now'));
