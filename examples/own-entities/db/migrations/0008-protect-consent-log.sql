-- What was agreed to is never rewritten: a consent is only withdrawn.
CREATE FUNCTION legal.refuse_rewriting() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    IF (NEW.user_id, NEW.policy_id) IS DISTINCT FROM (OLD.user_id, OLD.policy_id)
        OR NEW.accepted_at < OLD.accepted_at
    THEN
        RAISE EXCEPTION 'a consent can only be withdrawn or given again'
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END;
$$;

CREATE TRIGGER consent_log_refuse_rewriting
    BEFORE UPDATE ON legal.consent_log
    FOR EACH ROW EXECUTE FUNCTION legal.refuse_rewriting();

ALTER TABLE legal.consent_log ENABLE ROW LEVEL SECURITY;

CREATE POLICY app_sees_all ON legal.consent_log TO portal_app
    USING (true);
CREATE POLICY reports_see_current ON legal.consent_log FOR SELECT TO portal_reports
    USING (withdrawn_at IS NULL);

GRANT SELECT ON legal.consent_log TO portal_reports;
