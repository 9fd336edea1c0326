Feature: The audit of a changed copy of the baseline
  A scenario starts from the migrated baseline, changes its private copy, and
  holds what the audit says of it against what should follow.

  Background:
    Given the user-state baseline

  Scenario: Everything is stored, in one way each
    Given the user-state entity "interests" is stored only as "preferences"
    When the user-state audit runs
    Then the user-state checks are:
      | check              | coverage              | decision     | models      |
      | login.schema       | credentials_persisted | not_required | credentials |
      | users.schema       | covered               | not_required | users       |
      | profile.schema     | covered               | not_required |             |
      | interests.schema   | canonical_preferences | not_required | preferences |
      | interests.revision | tracked               | not_required |             |
      | interests.conflict | detectable            | not_required |             |
    And no user-state migration is needed
    And the user-state entity "interests" is stored as "preferences"

  Scenario: The join table alone keeps no revision
    Given the user-state entity "interests" is stored only as "join_table"
    When the user-state audit runs
    Then the user-state check "interests.schema" is "canonical_join_table"
    And the user-state check "interests.schema" is covered
    And the user-state check "interests.revision" is missing
    And a user-state migration is needed for "interests.revision"
    And no user-state migration is needed for "users.schema, interests.schema"
    And the user-state database has no table "user_preferences"

  Scenario: Two models of one entity are ambiguous
    When the user-state audit runs
    Then the user-state check "interests.schema" is "dual_model"
    And the user-state decision on "interests.schema" is "required"
    And the user-state recommendation for "interests" is "preferences"
    And the user-state entity "interests" is stored as "join_table, preferences"
    And there is no user-state recommendation for "users"

  Scenario: A declared model makes the retirement of the other one wait
    Given the user-state model "preferences" of "interests" is canonical
    When the user-state audit runs
    Then the user-state checks are:
      | check            | decision | canonical   |
      | interests.schema | deferred | preferences |
    And the user-state decision on "interests.schema" waits for "public.user_interest_themes is retired"

  Scenario: Without storage, revisions wait for it
    Given these are missing from the user-state database:
      | table                | column             |
      | user_interest_themes |                    |
      | user_preferences     | interest_theme_ids |
    When the user-state audit runs
    Then the user-state check "interests.schema" is missing
    And the user-state decision on "interests.revision" waits for "interests.schema"
    And the user-state evidence for "interests.schema" has:
      | subject                             | kind   | model       |
      | user_preferences.interest_theme_ids | absent | preferences |
      | public.user_interest_themes         | absent | join_table  |

  Scenario Outline: Each credential column is storage enough
    Given the user-state table "user_credentials" is missing
    And the user-state database after this SQL:
      """
      CREATE TABLE login_credentials (user_id uuid, <column> text);
      """
    When the user-state audit runs
    Then the user-state check "login.schema" is "<coverage>"

    Examples:
      | column          | coverage                   |
      | password_hash   | credentials_persisted      |
      | credential_hash | credentials_persisted      |
      | password        | missing_credential_storage |

  Scenario: A view is no storage
    Given the user-state database after this SQL:
      """
      ALTER TABLE users RENAME TO people;
      CREATE VIEW users AS SELECT id, display_name FROM people;
      """
    When the user-state audit runs
    Then the user-state check "users.schema" is missing
    And the user-state database has a view "users"
    And the user-state evidence for "users.schema" says "users" is "near_miss"

  Scenario: The baseline's own facts name their migrations
    When the user-state audit of the baseline runs
    Then the user-state evidence for "users.schema" says "users" is "present" by "001_users.sql"
    And the user-state report is the one accepted in "tests/features/accepted.json"

  Scenario Outline: The wiring is what the scenario declares
    Given the user-state port of "users" is "<state>"
    When the user-state audit runs
    Then the user-state wiring of "users" is "<state>"
    And the user-state wiring of "login" is "not_probed"

    Examples:
      | state           |
      | database_backed |
      | fixture_backed  |
      | unwired         |
