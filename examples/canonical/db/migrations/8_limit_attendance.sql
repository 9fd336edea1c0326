CREATE FUNCTION refuse_overbooking() RETURNS trigger
LANGUAGE plpgsql AS $$
DECLARE
    free integer;
BEGIN
    -- The lock makes two late answers queue up for the last seat.
    SELECT event.seats - coalesce((
        SELECT sum(1 + other.guests)
        FROM attendance AS other
        WHERE other.event_id = NEW.event_id AND other.user_id <> NEW.user_id
    ), 0)
    INTO free
    FROM events AS event
    WHERE event.id = NEW.event_id
    FOR UPDATE;

    IF free < 1 + NEW.guests THEN
        RAISE EXCEPTION 'only % seats are left', free USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END;
$$;

CREATE TRIGGER attendance_refuse_overbooking
    BEFORE INSERT OR UPDATE OF guests ON attendance
    FOR EACH ROW EXECUTE FUNCTION refuse_overbooking();
