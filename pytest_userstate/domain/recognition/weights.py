"""How much each fact counts. The sum decides: no fact alone is a proof."""

from __future__ import annotations

import typing as typ

# Who the users are.
PERSON_TABLE: typ.Final = 60  # the table's name is a word for who signs in
PERSON_BEHIND_A_WORD: typ.Final = 50  # the same, behind a word that nothing explains
PERSON_BEHIND_WORDS: typ.Final = 30  # the same, behind several words
PERSON_PERHAPS_TABLE: typ.Final = 20  # a word that may mean such a person
SECRET_COLUMN: typ.Final = 35  # it has a password
HAS_CREDENTIALS: typ.Final = 20  # a table of credentials belongs to it
SIGNS_IN: typ.Final = 12  # it has a mail address or a sign-in name
SIGNS_IN_ALONE: typ.Final = 20  # a password and a key to sign in by, and no users
SIGN_IN_FACTS: typ.Final = 8  # it knows of verification, activity or roles
DESCRIBES: typ.Final = 6  # it has given names or a picture
LINKED: typ.Final = 10  # it names an account at an identity provider
HUB: typ.Final = 25  # most keys of the schema that name a person lead to it
REFERRED_TO: typ.Final = 6  # such a key leads to it
PART_OF_ANOTHER: typ.Final = -30  # it refers to the hub
ASIDE: typ.Final = -30  # operators and robots
ENOUGH_FOR_USERS: typ.Final = 60
ALMOST_USERS: typ.Final = 40

# Where the login is.
SECRET_OF_CHILD: typ.Final = 101  # a table of credentials that belong to a user
SECRET_ON_USERS: typ.Final = 100  # a password on the users' own table
CREDENTIALS_OF_KINDS: typ.Final = 85  # credentials of several kinds, in rows
LINKS: typ.Final = 70  # accounts at identity providers, in rows
LINKS_ON_USERS: typ.Final = 65  # the same in columns of the users' table
PASSKEYS: typ.Final = 60
LINK_ALONE_ON_USERS: typ.Final = 55  # one account, at a provider that the name says
LOGIN_OF_OTHERS: typ.Final = 50  # a login of operators, or of a lesser users' table

# Where the profile is.
GIVEN_NAMES: typ.Final = 20
PLAIN_NAME: typ.Final = 14
PICTURE: typ.Final = 12
ABOUT: typ.Final = 3  # each column, up to five
LOCALE: typ.Final = 2
SIGN_IN_NAME: typ.Final = 8  # even that describes somebody
PROFILE_TABLE: typ.Final = 25  # the table is called a profile
ROW_PER_USER: typ.Final = 10
LESSER_USERS: typ.Final = -4  # a table of persons that is not the best of them
BESIDE_USERS: typ.Final = -12  # it is not the users' own table

# Where preferences and interests are.
PREFERENCES_PER_USER: typ.Final = 100  # a table of preferences, one row for each user
PREFERENCES_BY_KEY: typ.Final = 92  # a table of preferences by key and value
PREFERENCES_JSON: typ.Final = 90  # a column of preferences on the users' table
PREFERENCES_IN_ROWS: typ.Final = 84  # a table of preferences, several rows for a user
SETTINGS_BY_SOMEBODY: typ.Final = 60  # perhaps the application's, and who wrote them
NOTIFICATION_CHOICES: typ.Final = 80  # choices about notifications, in rows
TASTES: typ.Final = 62  # a table of pairs: a person, and a topic or genre
MARKS: typ.Final = 60  # favourites, stars, what somebody follows or takes
CHOICES: typ.Final = 32  # columns of the users' table that are choices …
EACH_CHOICE: typ.Final = 8  # … and what each of them adds
MOST_CHOICES: typ.Final = 7
CHOICES_BESIDE_USERS: typ.Final = -2  # such columns on a row for each user
CHOICES_OF_A_MEMBER: typ.Final = 45  # choices on a row for a user and something else
KEYS_OF_A_USER: typ.Final = 45  # keys and values of a user, called nothing particular
WEAK_MARKS: typ.Final = 30  # likes, mutes
ALMOST_INTERESTS: typ.Final = 20  # a single column that may be a choice

CONFIDENCE: typ.Final = {
    "login": (50, 70),
    "users": (ENOUGH_FOR_USERS, 78),
    "profile": (8, 20),
    "interests": (45, 72),
}
"""From which sum a storage is likely, and from which it is certain."""

NEAR: typ.Final = {"login": -1, "users": 4, "profile": 4, "interests": 4}
"""Storages whose sums differ by no more than this are of equal standing.

Several ways to sign in are never a contradiction, so that the best one is taken.
"""

COLUMNS_BESIDE_A_JOIN: typ.Final = 4
"""How many columns a table of pairs may have beside them: a key, moments, a rank."""
