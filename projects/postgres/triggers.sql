-- Every trigger of the board, as in projects/sqlite/triggers.sql, where the comments say what each is for.
-- projects.postgres.triggers creates and drops them. A change of either file needs a change of the other.

CREATE FUNCTION pm_is_open(deleted_at timestamptz, status text) RETURNS integer LANGUAGE sql IMMUTABLE AS
$$ SELECT (deleted_at IS NULL AND status NOT IN ('done', 'cancelled'))::integer $$;

-- Labels

CREATE FUNCTION pm_item_label() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    IF TG_OP <> 'INSERT' THEN
        DELETE FROM projects_itemlabel WHERE work_item_id = old.id;
    END IF;
    IF TG_OP <> 'DELETE' THEN
        INSERT INTO projects_itemlabel (name, work_item_id)
        SELECT DISTINCT value, new.id FROM json_array_elements_text(new.labels);
    END IF;
    RETURN NULL;
END $$;

CREATE TRIGGER item_label_insert AFTER INSERT ON projects_workitem FOR EACH ROW
WHEN (new.labels::text <> '[]') EXECUTE FUNCTION pm_item_label();

CREATE TRIGGER item_label_update AFTER UPDATE OF labels ON projects_workitem FOR EACH ROW
WHEN (new.labels::text IS DISTINCT FROM old.labels::text) EXECUTE FUNCTION pm_item_label();

CREATE TRIGGER item_label_delete AFTER DELETE ON projects_workitem FOR EACH ROW EXECUTE FUNCTION pm_item_label();

-- Search

CREATE FUNCTION pm_search_project() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    IF TG_OP = 'DELETE' THEN
        DELETE FROM projects_searchentry WHERE entity_id = old.id;
    ELSIF TG_OP = 'INSERT' THEN
        INSERT INTO projects_searchentry (entity_id, entity_type, words)
        SELECT new.id, 'project', pm_words(new.key, new.title, new.description);
    ELSE
        UPDATE projects_searchentry SET words = pm_words(new.key, new.title, new.description)
        WHERE entity_id = new.id;
    END IF;
    RETURN NULL;
END $$;

CREATE TRIGGER search_project_change AFTER INSERT OR DELETE ON projects_project FOR EACH ROW
EXECUTE FUNCTION pm_search_project();

CREATE TRIGGER search_project_update AFTER UPDATE OF key, title, description ON projects_project FOR EACH ROW
WHEN (new.key IS DISTINCT FROM old.key OR new.title IS DISTINCT FROM old.title OR new.description IS DISTINCT FROM old.description)
EXECUTE FUNCTION pm_search_project();

CREATE FUNCTION pm_search_work_item() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    IF TG_OP = 'DELETE' THEN
        DELETE FROM projects_searchentry WHERE entity_id = old.id;
    ELSIF TG_OP = 'INSERT' THEN
        INSERT INTO projects_searchentry (entity_id, entity_type, words)
        SELECT new.id, 'work_item', pm_words((SELECT key FROM projects_project WHERE id = new.project_id) || '-' || new.item_number
            || CASE new.external_ref WHEN '' THEN '' ELSE ' ' || new.external_ref END,
            new.title, new.description);
    ELSE
        UPDATE projects_searchentry SET words = pm_words((SELECT key FROM projects_project WHERE id = new.project_id) || '-' || new.item_number
            || CASE new.external_ref WHEN '' THEN '' ELSE ' ' || new.external_ref END,
            new.title, new.description)
        WHERE entity_id = new.id;
    END IF;
    RETURN NULL;
END $$;

CREATE TRIGGER search_work_item_change AFTER INSERT OR DELETE ON projects_workitem FOR EACH ROW
EXECUTE FUNCTION pm_search_work_item();

CREATE TRIGGER search_work_item_update AFTER UPDATE OF item_number, external_ref, title, description ON projects_workitem FOR EACH ROW
WHEN (new.item_number IS DISTINCT FROM old.item_number OR new.external_ref IS DISTINCT FROM old.external_ref OR new.title IS DISTINCT FROM old.title OR new.description IS DISTINCT FROM old.description)
EXECUTE FUNCTION pm_search_work_item();

CREATE FUNCTION pm_search_comment() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    IF TG_OP = 'DELETE' THEN
        DELETE FROM projects_searchentry WHERE entity_id = old.id;
    ELSIF TG_OP = 'INSERT' THEN
        INSERT INTO projects_searchentry (entity_id, entity_type, words)
        SELECT new.id, 'comment', pm_words('', '', new.content);
    ELSE
        UPDATE projects_searchentry SET words = pm_words('', '', new.content)
        WHERE entity_id = new.id;
    END IF;
    RETURN NULL;
END $$;

CREATE TRIGGER search_comment_change AFTER INSERT OR DELETE ON projects_comment FOR EACH ROW
EXECUTE FUNCTION pm_search_comment();

CREATE TRIGGER search_comment_update AFTER UPDATE OF content ON projects_comment FOR EACH ROW
WHEN (new.content IS DISTINCT FROM old.content)
EXECUTE FUNCTION pm_search_comment();

CREATE FUNCTION pm_comment_unconfirm() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    UPDATE projects_comment SET confirmed_by_id = NULL WHERE id = new.id;
    RETURN NULL;
END $$;

CREATE TRIGGER comment_unconfirm AFTER UPDATE OF content ON projects_comment FOR EACH ROW
WHEN (new.content IS DISTINCT FROM old.content AND new.confirmed_by_id IS NOT NULL)
EXECUTE FUNCTION pm_comment_unconfirm();

-- Search totals

CREATE FUNCTION pm_search_shown() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    IF new.entity_type = 'project' THEN
        INSERT INTO projects_searchshown (entry_id, project_id) VALUES (new.id, new.entity_id);
    ELSIF new.entity_type = 'work_item' THEN
        INSERT INTO projects_searchshown (entry_id, project_id)
        SELECT new.id, item.project_id FROM projects_workitem item
        WHERE item.id = new.entity_id AND item.deleted_at IS NULL;
    ELSE
        INSERT INTO projects_searchshown (entry_id, project_id)
        SELECT new.id, item.project_id FROM projects_comment comment
        JOIN projects_workitem item ON item.id = comment.work_item_id
        WHERE comment.id = new.entity_id AND comment.deleted_at IS NULL AND item.deleted_at IS NULL;
    END IF;
    RETURN NULL;
END $$;

CREATE FUNCTION pm_search_hidden() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    DELETE FROM projects_searchshown WHERE entry_id = old.id;
    RETURN NULL;
END $$;

CREATE FUNCTION pm_search_shown_work_item() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
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
    RETURN NULL;
END $$;

CREATE FUNCTION pm_search_shown_comment() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    DELETE FROM projects_searchshown
    WHERE entry_id IN (SELECT id FROM projects_searchentry WHERE entity_id = new.id);
    INSERT INTO projects_searchshown (entry_id, project_id)
    SELECT entry.id, item.project_id FROM projects_searchentry entry
    JOIN projects_workitem item ON item.id = new.work_item_id
    WHERE entry.entity_id = new.id AND new.deleted_at IS NULL AND item.deleted_at IS NULL;
    RETURN NULL;
END $$;

CREATE TRIGGER search_shown_insert AFTER INSERT ON projects_searchentry FOR EACH ROW
EXECUTE FUNCTION pm_search_shown();

CREATE TRIGGER search_shown_delete AFTER DELETE ON projects_searchentry FOR EACH ROW
EXECUTE FUNCTION pm_search_hidden();

CREATE TRIGGER search_shown_work_item AFTER UPDATE OF deleted_at ON projects_workitem FOR EACH ROW
WHEN ((new.deleted_at IS NULL) <> (old.deleted_at IS NULL)) EXECUTE FUNCTION pm_search_shown_work_item();

CREATE TRIGGER search_shown_comment AFTER UPDATE OF deleted_at ON projects_comment FOR EACH ROW
WHEN ((new.deleted_at IS NULL) <> (old.deleted_at IS NULL)) EXECUTE FUNCTION pm_search_shown_comment();

-- Dependencies

CREATE FUNCTION pm_item_link() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    IF TG_OP <> 'INSERT' THEN
        UPDATE projects_workitem SET open_blockers = open_blockers - (
            SELECT pm_is_open(other.deleted_at, other.status) FROM projects_workitem other WHERE other.id = old.blocking_item_id)
        WHERE id = old.blocked_item_id AND old.dependency_type = 'blocks' AND old.deleted_at IS NULL;
        UPDATE projects_workitem SET unblocks = unblocks - (
            SELECT pm_is_open(other.deleted_at, other.status) FROM projects_workitem other WHERE other.id = old.blocked_item_id)
        WHERE id = old.blocking_item_id AND old.dependency_type = 'blocks' AND old.deleted_at IS NULL;
    END IF;
    IF TG_OP <> 'DELETE' THEN
        UPDATE projects_workitem SET open_blockers = open_blockers + (
            SELECT pm_is_open(other.deleted_at, other.status) FROM projects_workitem other WHERE other.id = new.blocking_item_id)
        WHERE id = new.blocked_item_id AND new.dependency_type = 'blocks' AND new.deleted_at IS NULL;
        UPDATE projects_workitem SET unblocks = unblocks + (
            SELECT pm_is_open(other.deleted_at, other.status) FROM projects_workitem other WHERE other.id = new.blocked_item_id)
        WHERE id = new.blocking_item_id AND new.dependency_type = 'blocks' AND new.deleted_at IS NULL;
    END IF;
    RETURN NULL;
END $$;

CREATE TRIGGER item_link_change AFTER INSERT OR DELETE ON projects_dependency FOR EACH ROW
EXECUTE FUNCTION pm_item_link();

CREATE TRIGGER item_link_update
AFTER UPDATE OF deleted_at, dependency_type, blocking_item_id, blocked_item_id ON projects_dependency FOR EACH ROW
EXECUTE FUNCTION pm_item_link();

CREATE FUNCTION pm_item_link_status() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE step integer := pm_is_open(new.deleted_at, new.status) - pm_is_open(old.deleted_at, old.status);
BEGIN
    UPDATE projects_workitem SET open_blockers = open_blockers + step
    WHERE id IN (
        SELECT link.blocked_item_id FROM projects_dependency link
        WHERE link.blocking_item_id = new.id AND link.dependency_type = 'blocks' AND link.deleted_at IS NULL);
    UPDATE projects_workitem SET unblocks = unblocks + step
    WHERE id IN (
        SELECT link.blocking_item_id FROM projects_dependency link
        WHERE link.blocked_item_id = new.id AND link.dependency_type = 'blocks' AND link.deleted_at IS NULL);
    RETURN NULL;
END $$;

CREATE TRIGGER item_link_status AFTER UPDATE OF status, deleted_at ON projects_workitem FOR EACH ROW
WHEN (pm_is_open(new.deleted_at, new.status) <> pm_is_open(old.deleted_at, old.status))
EXECUTE FUNCTION pm_item_link_status();

-- Sprints

-- Before the row is written, so that it is written once.
CREATE FUNCTION pm_item_current() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    new.is_current := EXISTS (
        SELECT 1 FROM projects_sprint
        WHERE id = new.sprint_id AND status = 'active' AND deleted_at IS NULL);
    RETURN new;
END $$;

CREATE FUNCTION pm_item_current_sprint() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    UPDATE projects_workitem SET is_current = (new.status = 'active' AND new.deleted_at IS NULL)
    WHERE sprint_id = new.id;
    RETURN NULL;
END $$;

CREATE TRIGGER item_current_insert BEFORE INSERT ON projects_workitem FOR EACH ROW
WHEN (new.sprint_id IS NOT NULL) EXECUTE FUNCTION pm_item_current();

CREATE TRIGGER item_current_update BEFORE UPDATE OF sprint_id ON projects_workitem FOR EACH ROW
WHEN (new.sprint_id IS DISTINCT FROM old.sprint_id) EXECUTE FUNCTION pm_item_current();

CREATE TRIGGER item_current_sprint AFTER UPDATE OF status, deleted_at ON projects_sprint FOR EACH ROW
WHEN ((new.status = 'active' AND new.deleted_at IS NULL) <> (old.status = 'active' AND old.deleted_at IS NULL))
EXECUTE FUNCTION pm_item_current_sprint();

CREATE TRIGGER item_current_sprint_insert AFTER INSERT ON projects_sprint FOR EACH ROW
WHEN (new.status = 'active' AND new.deleted_at IS NULL) EXECUTE FUNCTION pm_item_current_sprint();

-- Questions

CREATE FUNCTION pm_question_pause() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    UPDATE projects_workitem
    SET lease_left = floor(extract(epoch FROM lease_expires_at - clock_timestamp()) + 0.5)::integer,
        lease_expires_at = '9998-12-31 00:00:00+00'
    WHERE id = new.work_item_id AND lease_left IS NULL AND lease_expires_at > clock_timestamp();
    RETURN NULL;
END $$;

CREATE FUNCTION pm_question_resume() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    UPDATE projects_workitem
    SET lease_expires_at = date_trunc('milliseconds', clock_timestamp()) + lease_left * interval '1 second',
        lease_left = NULL
    WHERE id = old.work_item_id AND lease_left IS NOT NULL AND NOT EXISTS (
        SELECT 1 FROM projects_question
        WHERE work_item_id = old.work_item_id AND status = 'open' AND deleted_at IS NULL);
    RETURN NULL;
END $$;

CREATE FUNCTION pm_item_lease_pause() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    UPDATE projects_workitem
    SET lease_left = floor(extract(epoch FROM lease_expires_at - clock_timestamp()) + 0.5)::integer,
        lease_expires_at = '9998-12-31 00:00:00+00'
    WHERE id = new.id AND lease_expires_at > clock_timestamp() AND EXISTS (
        SELECT 1 FROM projects_question
        WHERE work_item_id = new.id AND status = 'open' AND deleted_at IS NULL);
    RETURN NULL;
END $$;

CREATE FUNCTION pm_item_lease_end() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    UPDATE projects_workitem SET lease_left = NULL WHERE id = new.id;
    RETURN NULL;
END $$;

CREATE TRIGGER question_pause_insert AFTER INSERT ON projects_question FOR EACH ROW
WHEN (new.status = 'open' AND new.deleted_at IS NULL) EXECUTE FUNCTION pm_question_pause();

CREATE TRIGGER question_pause_update AFTER UPDATE OF status, deleted_at ON projects_question FOR EACH ROW
WHEN (new.status = 'open' AND new.deleted_at IS NULL AND NOT (old.status = 'open' AND old.deleted_at IS NULL))
EXECUTE FUNCTION pm_question_pause();

CREATE TRIGGER question_resume_update AFTER UPDATE OF status, deleted_at ON projects_question FOR EACH ROW
WHEN (old.status = 'open' AND old.deleted_at IS NULL AND NOT (new.status = 'open' AND new.deleted_at IS NULL))
EXECUTE FUNCTION pm_question_resume();

CREATE TRIGGER question_resume_delete AFTER DELETE ON projects_question FOR EACH ROW
WHEN (old.status = 'open' AND old.deleted_at IS NULL) EXECUTE FUNCTION pm_question_resume();

CREATE TRIGGER item_lease_pause AFTER UPDATE OF lease_expires_at ON projects_workitem FOR EACH ROW
WHEN (new.lease_expires_at IS DISTINCT FROM old.lease_expires_at AND new.lease_expires_at < '9998-12-31 00:00:00+00')
EXECUTE FUNCTION pm_item_lease_pause();

CREATE TRIGGER item_lease_end AFTER UPDATE OF lease_expires_at ON projects_workitem FOR EACH ROW
WHEN (new.lease_expires_at IS NULL AND new.lease_left IS NOT NULL) EXECUTE FUNCTION pm_item_lease_end();

-- Figures of a project

-- Once for each statement: in the transaction of an import, each change of a row leaves a version to step over.
CREATE FUNCTION pm_item_count_insert() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    INSERT INTO projects_itemcount AS total (project_id, status, item_type, priority, number, points, blocked)
    SELECT project_id, status, item_type, priority, count(*), sum(coalesce(story_points, 0)),
        count(*) FILTER (WHERE open_blockers > 0)
    FROM added WHERE deleted_at IS NULL GROUP BY project_id, status, item_type, priority
    ON CONFLICT (project_id, status, item_type, priority) DO UPDATE
    SET number = total.number + excluded.number, points = total.points + excluded.points,
        blocked = total.blocked + excluded.blocked;
    RETURN NULL;
END $$;

CREATE FUNCTION pm_item_count() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    IF old.deleted_at IS NULL THEN
        UPDATE projects_itemcount
        SET number = number - 1, points = points - coalesce(old.story_points, 0),
            blocked = blocked - (old.open_blockers > 0)::integer
        WHERE project_id = old.project_id AND status = old.status
            AND item_type = old.item_type AND priority = old.priority;
    END IF;
    IF TG_OP <> 'DELETE' AND new.deleted_at IS NULL THEN
        INSERT INTO projects_itemcount AS total (project_id, status, item_type, priority, number, points, blocked)
        VALUES (new.project_id, new.status, new.item_type, new.priority,
            1, coalesce(new.story_points, 0), (new.open_blockers > 0)::integer)
        ON CONFLICT (project_id, status, item_type, priority) DO UPDATE
        SET number = total.number + 1, points = total.points + excluded.points,
            blocked = total.blocked + excluded.blocked;
    END IF;
    RETURN NULL;
END $$;

CREATE FUNCTION pm_item_count_project() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    DELETE FROM projects_itemcount WHERE project_id = old.id;
    RETURN NULL;
END $$;

CREATE TRIGGER item_count_insert AFTER INSERT ON projects_workitem REFERENCING NEW TABLE AS added FOR EACH STATEMENT
EXECUTE FUNCTION pm_item_count_insert();

CREATE TRIGGER item_count_delete AFTER DELETE ON projects_workitem FOR EACH ROW EXECUTE FUNCTION pm_item_count();

CREATE TRIGGER item_count_update
AFTER UPDATE OF project_id, status, item_type, priority, story_points, open_blockers, deleted_at ON projects_workitem
FOR EACH ROW
WHEN (new.project_id IS DISTINCT FROM old.project_id OR new.status IS DISTINCT FROM old.status
    OR new.item_type IS DISTINCT FROM old.item_type OR new.priority IS DISTINCT FROM old.priority
    OR new.story_points IS DISTINCT FROM old.story_points OR new.open_blockers IS DISTINCT FROM old.open_blockers
    OR new.deleted_at IS DISTINCT FROM old.deleted_at)
EXECUTE FUNCTION pm_item_count();

CREATE TRIGGER item_count_project AFTER DELETE ON projects_project FOR EACH ROW
EXECUTE FUNCTION pm_item_count_project();

-- Acceptance criteria

CREATE FUNCTION pm_criteria() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    UPDATE projects_workitem SET (criteria_total, criteria_ticked) = (
        SELECT count(*), count(ticked_by_id) FROM projects_criterion
        WHERE work_item_id = projects_workitem.id AND deleted_at IS NULL)
    WHERE id IN (old.work_item_id, new.work_item_id);
    RETURN NULL;
END $$;

CREATE TRIGGER criteria_change AFTER INSERT OR DELETE ON projects_criterion FOR EACH ROW
EXECUTE FUNCTION pm_criteria();

CREATE TRIGGER criteria_update AFTER UPDATE OF deleted_at, ticked_by_id, work_item_id ON projects_criterion FOR EACH ROW
WHEN (new.deleted_at IS DISTINCT FROM old.deleted_at OR new.ticked_by_id IS DISTINCT FROM old.ticked_by_id
    OR new.work_item_id IS DISTINCT FROM old.work_item_id)
EXECUTE FUNCTION pm_criteria();

-- API tokens

CREATE FUNCTION pm_api_token_fixed() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    RAISE EXCEPTION 'the user, the rights and the expiry of a token never change; create another token'
        USING ERRCODE = 'integrity_constraint_violation';
END $$;

CREATE TRIGGER api_token_fixed BEFORE UPDATE OF digest, user_id, scopes, projects, expires_at ON projects_apitoken
FOR EACH ROW
WHEN (new.digest IS DISTINCT FROM old.digest OR new.user_id IS DISTINCT FROM old.user_id
    OR new.scopes IS DISTINCT FROM old.scopes OR new.projects IS DISTINCT FROM old.projects
    OR new.expires_at IS DISTINCT FROM old.expires_at)
EXECUTE FUNCTION pm_api_token_fixed();

-- What waits for news on any node; see projects.team.wakeups. A transaction notifies once, however much it changes.

CREATE FUNCTION pm_activity_told() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    NOTIFY pm_activity;
    RETURN NULL;
END $$;

CREATE TRIGGER activity_told AFTER INSERT ON projects_activity FOR EACH STATEMENT EXECUTE FUNCTION pm_activity_told();
