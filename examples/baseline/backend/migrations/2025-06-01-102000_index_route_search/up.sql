-- Without a lock on a busy table; this has to be the only statement of the file.
CREATE INDEX CONCURRENTLY routes_search
    ON routes USING gin (to_tsvector('simple', title || ' ' || summary))
    WHERE status <> 'draft';
