/** What the service needs to know of its users. */

export interface User {
  readonly id: string;
  readonly displayName: string;
}

export interface LoginService {
  /** The user with this email and password, or undefined. */
  authenticate(email: string, password: string): Promise<User | undefined>;
}

export interface UserProfileQuery {
  profileOf(userId: string): Promise<User | undefined>;
}

export interface UserInterestsCommand {
  /** Replaces all themes of a user; the last writer wins. */
  replace(userId: string, themeIds: readonly string[]): Promise<void>;
}

export interface Ports {
  readonly login: LoginService;
  readonly profile: UserProfileQuery;
  readonly interests: UserInterestsCommand;
}
