-- Roles belong to the whole server: an administrator makes them, once, and the
-- migrations only grant to them.
DO $$
BEGIN
    IF NOT EXISTS (SELECT 1 FROM pg_roles WHERE rolname = 'portal_app') THEN
        CREATE ROLE portal_app NOLOGIN;
    END IF;
    IF NOT EXISTS (SELECT 1 FROM pg_roles WHERE rolname = 'portal_reports') THEN
        CREATE ROLE portal_reports NOLOGIN;
    END IF;
END;
$$;
