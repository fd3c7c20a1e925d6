-- Every trigger of the board. They keep derived data up to date for every way of writing: ORM, raw SQL, import.
-- projects.sqlite.triggers creates and drops them. A change here needs a new migration: see that module.

-- Labels: projects_itemlabel holds one row per label of an item, so that a label filter can use an index.

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

-- Search: the FTS5 table projects_search has its own copy of the texts. An external-content table would be
-- corrupted by one update that the triggers see with other old values. projects_searchentry gives each entity
-- the integer that FTS5 needs: VACUUM may change the row IDs of the tables themselves.

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

-- A person has confirmed the content of a decision, not what somebody made of it later, here or in another clone.
CREATE TRIGGER comment_unconfirm AFTER UPDATE OF content ON projects_comment
WHEN new.content IS NOT old.content AND new.confirmed_by_id IS NOT NULL BEGIN
    UPDATE projects_comment SET confirmed_by_id = NULL WHERE id = new.id;
END;

CREATE TRIGGER search_comment_delete AFTER DELETE ON projects_comment BEGIN
    DELETE FROM projects_search WHERE rowid = (SELECT id FROM projects_searchentry WHERE entity_id = old.id);
    DELETE FROM projects_searchentry WHERE entity_id = old.id;
END;

-- Search totals: projects_searchshown has the indexed texts whose entity is not deleted, each with its project, so
-- that the matches of a search are counted without reading another table.

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

-- Dependencies: open_blockers and unblocks of an item count its living "blocks" links to open items. Every list of
-- what is ready reads them; counting the links of all items for each request takes too long.

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

-- Sprints: is_current of an item says whether its sprint is active, so that one index has the order of what is ready.

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

-- Questions: while an item has an open question, the lease of its claim stands still. lease_left has the seconds that
-- are left; a claim or renewal in the meantime stands still, too. The far time is that of projects.models: PAUSED.

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

-- Figures of a project: projects_itemcount has one row per status, type and priority. The inserts test for the row
-- instead of ON CONFLICT: the conflict clause of the statement that fires a trigger would override it.

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

-- Acceptance criteria: how many an item has, and how many of them are ticked.

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

-- API tokens: what a token may do, and until when, never changes.

CREATE TRIGGER api_token_fixed BEFORE UPDATE OF digest, user_id, scopes, projects, expires_at ON projects_apitoken
WHEN new.digest IS NOT old.digest OR new.user_id IS NOT old.user_id OR new.scopes IS NOT old.scopes
    OR new.projects IS NOT old.projects OR new.expires_at IS NOT old.expires_at BEGIN
    SELECT RAISE(ABORT, 'the user, the rights and the expiry of a token never change; create another token');
END;
