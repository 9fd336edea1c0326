Feature: Who agreed to what
  The log is canonical; the older table stands until no running version reads it.

  Scenario: The log alone answers, once the old table is gone
    Given the user-state table "user_consents" is missing
    When the user-state audit runs
    Then no user-state migration is needed
    And the user-state checks are:
      | check             | coverage | models      | canonical   |
      | consents.schema   | covered  | consent_log | consent_log |
      | consents.revision | tracked  |             |             |

  Scenario: Until then, the decision waits
    When the user-state audit of the baseline runs
    Then the user-state decision on "consents.schema" waits for "public.user_consents is retired"
    And the user-state evidence for "consents.schema" has:
      | subject            | kind          | source                        |
      | user_consents      | contradiction | 0003-create-user-consents.sql |
      | legal.consent_log  | contradiction | 0006-create-consent-log.sql   |

  Scenario: Without the log, the old table does not do
    Given the user-state table "legal.consent_log" is missing
    When the user-state audit runs
    Then the user-state decision on "consents.schema" is "required"
    And the user-state decision on "consents.revision" waits for "consents.schema"

  Scenario Outline: A log that lacks a column is none
    Given the user-state column "<column>" of "legal.consent_log" is missing
    When the user-state audit runs
    Then the user-state check "<check>" is "<coverage>"

    Examples:
      | column      | check              | coverage   |
      | accepted_at | consents.revision  | untracked  |
      | policy_id   | consents.revision  | untracked  |
      | revision    | consents.conflict  | absent     |

  Scenario: What was agreed to is never rewritten
    Given somebody has agreed to version "2" of the policy on "recording"
    Then rewriting that consent is refused
    And the user-state table "legal.consent_log" has a trigger "consent_log_refuse_rewriting"
    And the user-state table "legal.consent_log" has row-level security
