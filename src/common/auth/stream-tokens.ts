/** Tokens that open one stream, once: all that the guard has to know of them. */
export abstract class StreamTokens {
  /** Uses a token up. False: it is of no use for the stream of this session, or with null of all sessions. */
  abstract redeem(token: string, sessionId: string | null): Promise<boolean>;
}
