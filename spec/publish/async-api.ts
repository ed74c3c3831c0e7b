import type { z } from "zod";
import type { Capability, Fact } from "../event/contract.ts";
import { ownEvent } from "../event/envelope.ts";
import { lifePredicates } from "../event/task.ts";
import { eventType } from "../event/type.ts";
import { schemaInside, type Components, type Language } from "./gather.ts";
import { lifeSchema } from "./schemas.ts";

/** One stream holds everything; what AsyncAPI's NATS binding cannot say about JetStream stands under `x-jetstream`. */
const jetStream = {
  stream: "EVENTS",
  retention: "limits",
  storage: "file",
  discard: "new",
  denyDelete: true,
  duplicateWindowSeconds: 120,
};

/** AsyncAPI 3: one channel per event type, its subject with the project and the handler as parameters. */
export function asyncApi(language: Language): Record<string, unknown> {
  const schemas: Components = {};
  const inside: Inside = (schema) => schemaInside(schemas, schema, "draft-7");
  inside(ownEvent);
  const messages = [
    ...language.facts.map((fact) => factMessage(fact, inside)),
    ...language.capabilities.flatMap((capability) => lifeMessages(capability, inside)),
  ];
  return {
    asyncapi: "3.0.0",
    info: {
      title: "Jackfield",
      version: "1.0.0",
      description:
        "CloudEvents 1.0 in structured mode over NATS JetStream. Subjects are an index; the event is the truth.",
      license: { name: "Apache-2.0" },
    },
    defaultContentType: "application/cloudevents+json",
    servers: { local: { host: "127.0.0.1:4222", protocol: "nats" } },
    channels: Object.fromEntries(messages.map((message) => [message.key, channelOf(message)])),
    operations: Object.fromEntries(
      messages.map((message) => [`publish-${message.key}`, operationOf(message)]),
    ),
    components: {
      schemas,
      messages: Object.fromEntries(
        messages.map(({ key, type, payload }) => [
          key,
          { name: type, contentType: "application/cloudevents+json", payload },
        ]),
      ),
      parameters: {
        project: { description: "The project; bytes outside [A-Za-z0-9_-] are written =HH, no project is =" },
        handler: { description: "Addressee of triggered, author of answers, else _" },
      },
    },
  };
}

interface Message {
  key: string;
  type: string;
  payload: unknown;
}

type Inside = (schema: z.ZodType) => unknown;

const payloadOf = (type: string, data: unknown): unknown => ({
  allOf: [
    { $ref: "#/components/schemas/CloudEvent" },
    { type: "object", properties: { type: { const: type }, data } },
  ],
});

const factMessage = (fact: Fact, inside: Inside): Message => ({
  key: `${fact.subject}.${fact.predicate}`,
  type: fact.type,
  payload: payloadOf(fact.type, inside(fact.data)),
});

const lifeMessages = (capability: Capability, inside: Inside): Message[] =>
  lifePredicates.map((predicate) => {
    const type = eventType(capability.name, predicate, capability.version);
    return {
      key: `${capability.name}.${predicate}`,
      type,
      payload: payloadOf(type, inside(lifeSchema(capability, predicate))),
    };
  });

const channelOf = ({ key, type }: Message): unknown => ({
  address: `evt.{project}.{handler}.${type}`,
  messages: { [key]: { $ref: `#/components/messages/${key}` } },
  parameters: {
    project: { $ref: "#/components/parameters/project" },
    handler: { $ref: "#/components/parameters/handler" },
  },
  "x-jetstream": jetStream,
});

const operationOf = ({ key }: Message): unknown => ({
  action: "send",
  channel: { $ref: `#/channels/${key}` },
  messages: [{ $ref: `#/channels/${key}/messages/${key}` }],
});
