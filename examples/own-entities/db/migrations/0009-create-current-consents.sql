CREATE VIEW legal.current_consents AS
SELECT policies.kind, policies.version, count(*) AS participants
FROM legal.consent_log AS log
JOIN legal.policies AS policies ON policies.id = log.policy_id
WHERE log.withdrawn_at IS NULL
GROUP BY policies.kind, policies.version;

GRANT SELECT ON legal.current_consents TO portal_reports;
