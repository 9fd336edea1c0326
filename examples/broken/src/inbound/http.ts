import { createServer, type IncomingMessage, type Server } from "node:http";
import type { Ports } from "../domain/ports.js";

type Answer = readonly [status: number, body: unknown];

export function serve(ports: Ports): Server {
  return createServer((request, response) => {
    answer(ports, request)
      .catch((error: unknown): Answer => {
        console.error(error);
        return [503, { error: "user state cannot be reached" }];
      })
      .then(([status, body]) => {
        response.writeHead(status, { "Content-Type": "application/json" });
        response.end(JSON.stringify(body));
      });
  });
}

async function answer(ports: Ports, request: IncomingMessage): Promise<Answer> {
  const [, resource, id = "", part] = (request.url ?? "").split("/");
  switch (`${request.method} ${resource} ${part ?? ""}`) {
    case "POST login ": {
      const { email, password } = await json<{ email: string; password: string }>(request);
      const user = await ports.login.authenticate(email, password);
      return user ? [200, user] : [401, { error: "wrong email or password" }];
    }
    case "GET users profile": {
      const profile = await ports.profile.profileOf(id);
      return profile ? [200, profile] : [404, { error: "there is no such user" }];
    }
    case "PUT users interests":
      await ports.interests.replace(id, await json<string[]>(request));
      return [200, {}];
    default:
      return [404, { error: "there is nothing here" }];
  }
}

async function json<T>(request: IncomingMessage): Promise<T> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) {
    chunks.push(chunk as Buffer);
  }
  return JSON.parse(Buffer.concat(chunks).toString("utf8")) as T;
}
