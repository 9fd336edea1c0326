"""The words by which user state is recognized.

All of it is data. A word is in lower case, in the singular and without accents, as
`words` leaves it; a name that is usually written as one word (``username``) is one.
No project and no table of a project is named here: these are the words that many
schemas share, in the languages in which schemas are commonly written.
"""

from __future__ import annotations

import typing as typ

Words: typ.TypeAlias = frozenset[str]
Phrases: typ.TypeAlias = frozenset[tuple[str, ...]]


def _words(text: str) -> Words:
    return frozenset(text.split())


def _phrases(text: str) -> Phrases:
    return frozenset(tuple(phrase.split()) for phrase in text.split(","))


# --- Persons ---------------------------------------------------------------------

# Who signs in. A table of this name alone nearly always holds the users.
PERSON: typ.Final = _words(
    "user usr appuser webuser enduser usuario utilisateur benutzer nutzer "
    "utente gebruiker anvandare bruker bruger kayttaja uzivatel uzytkownik kullanici "
    "felhasznalo utilizador utilizator пользователь пользователи користувач "
    "користувачи 用户 用戶 使用者 ユーザー 사용자 مستخدم"
)
# Words that mean such a person in some schemas, and something else in others: a
# bank account, the member of a set, the profile of a device.
PERSON_PERHAPS: typ.Final = _words(
    "account member person principal player identity profile login employee staff "
    "student teacher patient participant individual citizen operator agent customer "
    "worker officer doctor nurse tutor instructor trainer volunteer learner pupil "
    "consumer client subscriber driver rider guest auth authentication cuenta compte "
    "konto conta persona personne mitglied miembro membre pessoa cliente kunde "
    "аккаунт 账户 账号 会员 アカウント 会員 회원 계정"
)
# Persons whom an application may know without letting them in.
NEEDS_A_SECRET: typ.Final = _words(
    "customer client subscriber guest consumer cliente kunde"
)
# What may follow the word for a person while the table still holds persons.
PERSON_SUFFIX: typ.Final = _words(
    "account data entity info information record table base basic main master detail "
    "model object tbl list profile person identity"
)
# What a users' table refers to when it keeps the person apart from the account.
PERSON_BEHIND: typ.Final = _words(
    "person profile contact partner party actor human individual identity member "
    "employee pessoa persona personne"
)
# Persons who are not the users of the application: its operators, and robots.
PERSON_ASIDE: typ.Final = _words(
    "admin administrator console staff operator backoffice superuser internal service "
    "bot robot system machine"
)
# … of which these are no persons at all.
ROBOT: typ.Final = _words("service bot robot system machine")
# Persons elsewhere, and lists of persons: tracked visitors, invited or banned ones,
# copies, the users of another platform.
PERSON_OUTSIDE: typ.Final = _words(
    "external anonymous guest visitor tracked whitelisted blacklisted blocked banned "
    "deleted erased removed archived old legacy backup tmp temp temporary pending "
    "invited imported import export fake demo test sample remote federated "
    "unconfirmed inactive shadow stale former ignored muted favorite reported vcs "
    "google github gitlab facebook twitter apple discord slack telegram steam twitch "
    "linkedin whatsapp jira crm lti shopify wordpress webauthn totp anon synced cached"
)

# --- How somebody signs in -------------------------------------------------------

MAIL: typ.Final = _words(
    "email mail emailaddress mailaddress correo courriel почта 邮箱 メール"
)
MAIL_BESIDE: typ.Final = _words("address primary normalized canonical login id")
LOGIN_NAME: typ.Final = _words(
    "username login loginname userlogin loginid handle nickname nick screenname "
    "benutzername identifiant логин 用户名 ユーザー名"
)
LOGIN_NAME_PHRASES: typ.Final = _phrases(
    "user name, login name, screen name, account name, normalized user name"
)
# Facts that only matter for somebody who signs in (`last_login`, `is_active`).
SIGN_IN: typ.Final = _words(
    "activated active deactivated enabled disabled locked suspended banned blocked "
    "verified confirmed confirmation verification superuser staff admin role "
    "administrator lastlogin lastseen login seen sign mfa totp otp twofactor joined "
    "registered signup signin logged failed attempt remember activation"
)

# --- Secrets ---------------------------------------------------------------------

PASSWORD: typ.Final = _words(
    "password passwd pwd passphrase passcode passwort kennwort contrasena senha "
    "motdepasse mdp wachtwoord losenord passord adgangskode salasana heslo haslo "
    "hasło parola sifre jelszo пароль 密码 密碼 パスワード 비밀번호"
)
# Facts about a password, which are not the password.
PASSWORD_STATE: typ.Final = _words(
    "reset token changed change at expire expired expiry expiration history hint "
    "policy question answer iteration iter attempt count required strategy alg "
    "algorithm algo temporary temp sent recovery version protected last must force "
    "forced updated update salt set date time length min max forgot forgotten need "
    "validity failed failure key old previous new confirm confirmation generated is "
    "has on needed status type param kdf method"
)
# Passwords that open something else than the account of a person.
PASSWORD_OF_OTHERS: typ.Final = _words(
    "smtp imap pop mail mailbox email db database ldap proxy wifi ftp sftp ssh http "
    "router server host link share room meeting file document zip pdf archive site "
    "source target remote bind broker redis mqtt vpn radius scim samba pam linux unix "
    "postgre pg mysql virtual jdbc odbc keystore truststore certificate "
    "private wallet device stream enable require show hide"
)
# Columns beside a password that say where else it opens something.
PLACE_OF_OTHERS: typ.Final = _words("url uri host hostname port endpoint ip")
PASSWORD_PHRASES: typ.Final = _phrases("mot de passe, pass word, pass wort")
# `credential_hash`, `pw_hash`, `crypted_pass`: a secret by two words.
HASH: typ.Final = _words(
    "hash digest hashed pwhash pwdhash passhash encrypted crypted crypt"
)
SECRET: typ.Final = _words(
    "credential secret pass pw auth passhash pwhash pwdhash verifier"
)
SECRET_OF_OTHERS: typ.Final = _words(
    "client token api recovery otp totp mfa factor webhook private public app service"
)
SALT: typ.Final = _words("salt")

# Tables of credentials, by name.
CREDENTIAL: typ.Final = _words(
    "credential password passwd pwd login authenticator authentication authn auth "
    "pseudonym signin authdata identity secret passkey webauthn fido"
)
# Tables of credentials of several kinds, told apart by a column.
CREDENTIAL_OF_KINDS: typ.Final = _words("credential authenticator secret")
# What is encrypted to be read again opens something else.
READ_AGAIN: typ.Final = _words("iv nonce ciphertext")
# Somebody else vouches for the person: OAuth, OpenID Connect, SAML, LDAP.
PROVIDER: typ.Final = _words(
    "provider issuer iss idp connector oauth oidc openid sso saml federated social "
    "strategy connection authority backend"
)
PROVIDER_BESIDE: typ.Final = _words(
    "id name type auth login identity key external source"
)
PROVIDER_NAMES: typ.Final = _words(
    "google github gh gitlab facebook twitter apple microsoft azure linkedin discord "
    "steam twitch oidc openid saml ldap sso oauth auth keycloak okta cognito firebase "
    "clerk wechat weixin kakao naver line vk yandex slack bitbucket orcid spotify cas "
    "shibboleth workos supabase gamecenter "
    "idam entra adfs onelogin fusionauth zitadel authentik stytch"
)
SUBJECT: typ.Final = _words("subject sub uid openid sid dn nameid guid identifier")
SUBJECT_BESIDE: typ.Final = _words(
    "id identity provider auth external user account unique remote login"
)
SUBJECT_OF: typ.Final = _words("identity external auth")
SUBJECT_PHRASES: typ.Final = _phrases(
    "third party id, login id, remote id, external id, auth id"
)
LINK_BESIDE: typ.Final = _words("user account instant game auth")
LINK_PHRASES: typ.Final = _phrases(
    "identity subject, auth subject, idp subject, sign in uid, sign in id, sign in sub"
)
LINK: typ.Final = _words(
    "identity account provider login oauth oidc sso social authentication connection "
    "authorization federated openid saml external link auth socialaccount omniauth "
    "authdata thirdparty"
)
# In a table that is called after a provider, these name the account there.
ACCOUNT_PHRASES: typ.Final = _phrases("account id, external id, uid")
PASSKEY: typ.Final = _words("passkey webauthn fido u2f securitykey")
PASSKEY_PHRASES: typ.Final = _phrases("credential id, public key, aaguid")

# Near a login, and none: it expires, repeats an older secret, is the second factor,
# or opens something for a program.
NOT_A_LOGIN: typ.Final = _words(
    "session token history reset recovery recover forgot otp totp mfa twofactor "
    "factor challenge nonce code verification confirmation invitation invite log "
    "audit event attempt request grant consent client application api key backup "
    "refresh blacklist denylist denied ticket cookie state device policy rule config "
    "setting share archive job queue migration registration signup"
)
NEVER_A_LOGIN: typ.Final = _words(
    "history reset session recovery otp totp mfa twofactor share request log audit "
    "recent old previous past former"
)

# --- What describes a person -----------------------------------------------------

NAME: typ.Final = _words("name nombre nom nome navn namn имя 姓名 名字 名前 이름 title")
GIVEN: typ.Final = _words(
    "first last given family full middle real display sur surname lastname firstname "
    "fullname displayname realname givenname familyname middlename nickname nick "
    "preferred forename apellido prenom vorname nachname sobrenome cognome фамилия "
    "legal common 昵称"
)
# … of which these say nothing without a word for a name.
GIVEN_WITH_NAME: typ.Final = _words(
    "first last given family full middle real display sur preferred legal common"
)
PICTURE: typ.Final = _words(
    "avatar picture photo image gravatar icon foto portrait pic photograph userpic "
    "logo headshot 头像"
)
ABOUT: typ.Final = _words(
    "bio biography about aboutme description tagline headline pronoun gender sex "
    "birthday birthdate birth dob age location city country address website homepage "
    "url company organization organisation job occupation phone mobile telephone "
    "telefono tel fax twitter facebook linkedin github instagram motto signature "
    "metadata attribute meta claim trait userinfo info note handle card orcid profile "
    "slug"
)
# Where somebody is and which language they read: of the profile, weakly.
LOCALE: typ.Final = _words(
    "locale lang language langkey timezone tz zone country idioma langue sprache"
)
PROFILE: typ.Final = _words(
    "profile profil perfil profilo personalia "
    "biography vcard профиль 个人资料 プロフィール"
)
# What may stand beside that word while the profile is a person's.
PROFILE_BESIDE: typ.Final = _words("public personal private extended social workspace")
# Something else has a profile, too.
PROFILE_OF_OTHERS: typ.Final = _words(
    "device company organization organisation security policy performance tenant "
    "business vendor store shop team group course product risk rule tax shipping "
    "payment print printer hardware network cpu build release scan client server "
    "service connection instance database entity"
)

# --- What somebody chose ---------------------------------------------------------

# Tables and JSON columns of preferences.
PREFERENCE: typ.Final = _words(
    "preference pref setting customization personalization preferencia ajuste "
    "configuracion configuracao reglage einstellung einstellungen "
    "impostazione voorkeur instelling "
    "ustawienie nastaveni настройка настройки 设置 偏好 設定 설정"
)
# The same, unless it is said of what: an authenticator has a configuration, too.
PREFERENCE_PERHAPS: typ.Final = _words("option config configuration conf")
# What the preferences of a person are about.
ABOUT_PREFERENCE: typ.Final = _words(
    "user app application ui ux display notification email mail push privacy "
    "interface general global default personal common web mobile client view page "
    "editor language locale communication newsletter feature content dashboard extra "
    "other my custom own encrypted"
)
# What may follow the word while the rows are still preferences.
CONTAINER: typ.Final = _words(
    "entry value item store record data row table info storage"
)
# A preference table of this is for signing in or paying.
NOT_ABOUT_CHOICES: typ.Final = _words(
    "auth authentication password mfa totp otp twofactor factor webauthn backup "
    "recovery login session token security oauth saml sso billing payment"
)
# Nothing but a choice of a person is called so.
CLEAR_CHOICE: typ.Final = _words(
    "theme darkmode appearance newsletter digest marketing promotional optin optout "
    "notify notification favorite favourite interest shortcut autoplay nsfw perpage "
    "pagesize dateformat timeformat skin sidebar layout tema thema"
)
CHOICE_PHRASES: typ.Final = _phrases(
    "opt in, opt out, per page, optional email, date format, time format, dark mode, "
    "color scheme, week start"
)
# Perhaps a choice: two of these count as one of the above.
CHOICE: typ.Final = CLEAR_CHOICE | _words(
    "dark palette dashboard editor keyboard hotkey font fontsize density subscribe "
    "subscribed unsubscribe unsubscribed notified alert reminder fave watched "
    "followed muted hidden blacklisted spoiler homepage landing wizard tutorial "
    "onboarding tour dismissed announcement animation sound volume unit currency week "
    "goal format page sort sorting order view viewmode mode default visibility private "
    "public incognito"
)
# Verbs that begin the name of a switch (`show_sidebar`).
SWITCH: typ.Final = _words(
    "show hide receive send allow accept enable disable want use auto display prefer "
    "preferred prevent open expand collapse always remind notify email subscribe "
    "watch mute hidden opt keep animated"
)
# A column that others decide, or that is about something else.
NOT_A_CHOICE: typ.Final = _words(
    "fa term privacy policy tos eula agreement gdpr mfa totp otp "
    "twofactor factor login "
    "password account api access active admin staff superuser verified verification "
    "confirmed confirmation token deleted locked banned suspended beta created "
    "updated change changed credit quota limit balance stripe plan billing "
    "subscription trial role permission count edge tracking reset recovery expire"
)
# The end of a name that says a moment, a number or a key.
MOMENT: typ.Final = _words("at on date time id count by")
# What somebody marked, follows or takes.
MARK: typ.Final = _words(
    "favorite favourite fav fave star starred bookmark follow follower following "
    "followed watch watcher watching watched watchlist wishlist interest pin pinned "
    "subscription saved save favorito favoris preferido "
    "lesezeichen favori 收藏 关注 お気に入り"
)
# What somebody has a taste for: a pair of a person and one of these is an interest.
TASTE: typ.Final = _words(
    "genre interest topic category hobby cuisine sport taste theme"
)
WEAK_MARK: typ.Final = _words("like liked mute muted hide hidden block tag topic")
# A notification is a message; a word of the second group makes it a choice.
NOTIFICATION: typ.Final = _words(
    "notification notify alert email mail digest newsletter push reminder "
    "communication marketing comms"
)
NOTIFICATION_CHOICE: typ.Final = _words(
    "preference pref setting policy option level subscription optout optin frequency "
    "config configuration subscribed unsubscribe unsubscribed unsubscription choice "
    "rule schedule toggle mute"
)
NOTIFICATION_CLEAR: typ.Final = _words("notification notify")
NOTIFICATION_SWITCH: typ.Final = _words("receive enabled on")
# A push subscription is the address of a browser, and no choice.
PUSH_SUBSCRIPTION: typ.Final = _words("push subscription")
# A subscription that is paid for.
BILLING: typ.Final = _words(
    "price plan stripe paddle product purchase transaction trial invoice billing "
    "payment paid amount currency customer seat tier paypal period renew renewal "
    "cancel canceled cancelled refund gocardless lemon receipt store"
)
# Settings in rows, by name and value.
SETTING_KEY: typ.Final = _words("key name k setting preference")
SETTING_VALUE: typ.Final = _words("value val v data content")
# What the administrators of an application let it know about everybody.
ATTRIBUTE: typ.Final = _words("attribute attr claim trait property field")
TYPE: typ.Final = _words("type kind method")

# --- Tables about user state that keep none --------------------------------------

BYSTANDER: typ.Final = _words(
    "history log audit event stream session token migration job queue task backup "
    "archive snapshot version revision stat statistic metric dimension report cache "
    "lock temp tmp import export request invitation invite ban activity trail "
    "deletion tombstone rename note feedback group role permission claim grant access "
    "rank badge vote score progress attempt state status template definition type "
    "category schema translation message comment post reply membership member team "
    "notice item device upload file folder attachment wallet payment order invoice "
    "purchase credit point quota usage flag"
)

# --- References ------------------------------------------------------------------

IDENTIFIER: typ.Final = _words("id uid uuid guid key pk fk oid ref no nr code")
# By what a person is named if no key is (`user_email`).
SPOKEN_KEY: typ.Final = _words("name email mail login")
SPOKEN_PHRASES: typ.Final = _phrases("username")
# The roles in which a row belongs to a person.
OWNER: typ.Final = _words(
    "user usr owner member account person profile subscriber follower watcher "
    "recipient principal player customer viewer holder creator author"
)
# The roles in which a person merely did something to a row.
ACTOR: typ.Final = _words(
    "creator author by created updated modified deleted approved assigned invited "
    "editor uploader sender requester reviewer actor assignee approver reporter "
    "updater last sponsor inviter moderator banner locked"
)

# --- Names in general ------------------------------------------------------------

# First words that say which module or kind a table is of, and nothing about it.
MODULE: typ.Final = _words(
    "app core base main public common sys system tbl tb t tab db auth account user "
    "identity iam membership web site my the dbo api backend portal platform"
)
# Schemas that belong to the server, to an extension or to a tool.
FOREIGN_SCHEMA: typ.Final = _words(
    "information_schema pg_catalog pg_toast cron hdb_catalog hdb_views graphql "
    "graphql_public pgsodium vault realtime extensions storage supabase_functions "
    "supabase_migrations net pgbouncer _realtime _analytics tiger tiger_data topology "
    "partman pgmq repack pgboss graphile_worker drizzle"
)
# Words that others are written behind, without a sign in between (`userprofile`).
WRITTEN_FIRST: typ.Final = _words(
    "user account member profile person customer employee notification notify auth "
    "password email login oauth identity credential project favorite social usuario "
    "allow show hide enable disable receive "
    "benutzer nutzer пользователь 用户 使用者 ユーザー 사용자"
)
# Words that are written behind others in the same way (`sitepreferences`).
WRITTEN_LAST: typ.Final = (
    *("user", "profile", "setting", "preference", "password", "token", "session"),
    *("subscription", "favorite", "favourite", "bookmark", "permission", "invitation"),
    *("request", "history", "attempt", "message", "notification"),
    *("einstellung", "设置", "设定", "設定", "偏好"),
)
# Words that look like two, or like a plural, and are neither.
WHOLE: typ.Final = _words(
    "password username homepage timezone metadata newsletter dashboard superuser "
    "usergroup address status access process class canvas alias news series analysis "
    "basis lens business progress success website keyboard membership organization"
)
