-- The portal still reads user_consents while it runs next to the new version.
INSERT INTO legal.policies (kind, version, published_on)
SELECT 'participation', version, min(accepted_at)::date
FROM user_consents
GROUP BY version;

INSERT INTO legal.consent_log (user_id, policy_id, accepted_at)
SELECT consents.user_id, policies.id, consents.accepted_at
FROM user_consents AS consents
JOIN legal.policies AS policies
    ON policies.kind = 'participation' AND policies.version = consents.version;
