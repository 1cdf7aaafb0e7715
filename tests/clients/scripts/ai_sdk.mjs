// Vercel's AI SDK: two turns of a conversation with a tool, an object, or an answer that breaks off, by the provider that
// the first argument names.

import { createAnthropic } from '@ai-sdk/anthropic';
import { createOpenAI } from '@ai-sdk/openai';
import { createOpenAICompatible } from '@ai-sdk/openai-compatible';
import { generateObject, generateText, stepCountIs, streamText, tool } from 'ai';
import { z } from 'zod';

const { CCPROXY_URL: baseURL, CCPROXY_KEY: apiKey } = process.env;
const [provider, scenario] = process.argv.slice(2);
const model = {
  anthropic: () => createAnthropic({ baseURL, apiKey })('claude-sonnet-5'),
  responses: () => createOpenAI({ baseURL, apiKey })('gpt-5.1'),
  compatible: () => createOpenAICompatible({ name: 'ccproxy', baseURL, apiKey, supportsStructuredOutputs: true })('any'),
}[provider]();
const thinking = {
  anthropic: { thinking: { type: 'enabled', budgetTokens: 1500 } },
  openai: { reasoningEffort: 'low', reasoningSummary: 'auto' },
  ccproxy: { reasoningEffort: 'low' },
};
const asked = { model, maxRetries: 0, providerOptions: thinking };
const tell = (value) => console.log(JSON.stringify(value));

const multiply = tool({
  description: 'Multiplies numbers.',
  inputSchema: z.object({ numbers: z.array(z.number()) }),
  execute: ({ numbers }) => String(numbers.reduce((one, other) => one * other)),
});

async function conversation() {
  const messages = [{ role: 'user', content: 'What is 6 times 7, and 6 times 8?' }];
  const first = streamText({ ...asked, messages, tools: { multiply }, stopWhen: stepCountIs(5) });
  let reasoning = '';
  for await (const part of first.fullStream) {
    if (part.type === 'error') throw part.error;
    if (part.type === 'reasoning-delta') reasoning += part.text;
  }
  messages.push(...(await first.response).messages, { role: 'user', content: 'And 6 times 9?' });
  const second = await generateText({ ...asked, messages, tools: { multiply }, stopWhen: stepCountIs(5) });
  tell({ reasoning, steps: (await first.steps).length, first: await first.text, second: second.text });
}

async function object() {
  const schema = z.object({ total: z.number(), product: z.number() });
  tell((await generateObject({ ...asked, prompt: '2 and 3?', schema })).object);
}

async function broken() {
  const said = { text: '', finish: '', error: '' };
  const answer = streamText({ ...asked, prompt: 'Hello', onError: () => {} });
  for await (const part of answer.fullStream) {
    if (part.type === 'text-delta') said.text += part.text;
    if (part.type === 'finish') said.finish = part.finishReason;
    if (part.type === 'error') said.error = String(part.error?.message ?? part.error);
  }
  tell(said);
}

await { conversation, object, broken }[scenario]();
