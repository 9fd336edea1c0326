Feature: The schema of a changed copy of the baseline

  Scenario: Tables, columns and constraints are told as PostgreSQL means them
    Given the user-state baseline
    Then the user-state database has a table "users"
    And the user-state table "users" has a column "display_name"
    And the user-state table "users" has a column "display_name" of type "varchar(80)"
    And the user-state table "users" has the columns:
      | column       | type | nullable | default           |
      | id           | uuid | no       | gen_random_uuid() |
      | display_name |      | no       | none              |
      | state        |      | yes      |                   |
    And the user-state table "users" has exactly the columns "id, display_name, state"
    And the user-state table "users" has the primary key "id"
    And the user-state table "users" has a unique constraint on "display_name"
    And the user-state table "users" has an index on "state"
    And the user-state table "user_preferences" has a foreign key on "user_id" to "users"
    And the user-state table "user_preferences" has the check constraint:
      """
      revision > 0
      """
    And the user-state table "users" has a trigger "users_stay"
    And the user-state table "user_preferences" has row-level security
    And the user-state database has an enum "user_state" of "invited, active"
    And the user-state database has an extension "pgcrypto"

  Scenario: What a scenario drops is gone, and only there
    Given the user-state column "display_name" of "users" is missing
    Then the user-state table "users" has no column "display_name"
    And the user-state table "users" has a column "id"

  Scenario: What another scenario dropped is back
    Given the user-state baseline
    Then the user-state table "users" has a column "display_name"
