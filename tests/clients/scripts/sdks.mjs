// The SDKs of Anthropic and OpenAI for TypeScript: what they do on their own behalf, by the first argument.

import Anthropic from '@anthropic-ai/sdk';
import { betaZodTool } from '@anthropic-ai/sdk/helpers/beta/zod';
import OpenAI from 'openai';
import { z } from 'zod';

const { CCPROXY_URL: baseURL, CCPROXY_KEY: apiKey } = process.env;
const openai = new OpenAI({ baseURL, apiKey, maxRetries: 0 });
const anthropic = new Anthropic({ baseURL, authToken: apiKey, maxRetries: 0 });
const tell = (value) => console.log(JSON.stringify(value));
const multiplied = ({ numbers }) => String(numbers.reduce((one, other) => one * other));
const question = 'What is 6 times 7, and 6 times 8?';

async function toolRunner() {
  const inputSchema = z.object({ numbers: z.array(z.number()) });
  const tools = [betaZodTool({ name: 'multiply', description: 'Multiplies.', inputSchema, run: multiplied })];
  const messages = [{ role: 'user', content: question }];
  const runner = anthropic.beta.messages.toolRunner({ model: 'any', max_tokens: 500, stream: true, messages, tools });
  for await (const stream of runner) tell((await stream.finalMessage()).content.map((block) => block.type));
  tell((await runner.done()).content.at(-1).text);
}

async function runTools() {
  const parameters = { type: 'object', properties: { numbers: { type: 'array', items: { type: 'number' } } } };
  const tool = { name: 'multiply', parse: JSON.parse, function: multiplied, parameters };
  const tools = [{ type: 'function', function: tool }];
  const messages = [{ role: 'user', content: question }];
  tell(await openai.chat.completions.runTools({ model: 'any', stream: true, messages, tools }).finalContent());
}

async function previousResponse() {
  const first = await openai.responses.create({ model: 'any', input: 'Who are you?', store: true });
  const next = { model: 'any', input: 'And then?', previous_response_id: first.id };
  tell((await openai.responses.stream(next).finalResponse()).output_text);
}

async function broken() {
  const stream = await openai.responses.create({ model: 'any', input: 'Hello', stream: true });
  try {
    for await (const event of stream) if (event.type === 'response.completed') tell('completed');
  } catch (error) {
    tell([error instanceof OpenAI.APIError, error.message]);
  }
}

await { toolRunner, runTools, previousResponse, broken }[process.argv[2]]();
