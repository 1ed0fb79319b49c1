import { Inject, Injectable } from '@nestjs/common';
import { type Span, SpanKind } from '@opentelemetry/api';
import { BoundedLabel } from '../common/metrics/bounded-label';
import { Tracing } from '../common/tracing/tracing.service';
import { CONFIG, type Config } from '../config/config';
import { SwitchGateway } from '../switch-gateway/switch-gateway.service';
import type { Prompt, SwitchReply } from '../switch-gateway/switch-gateway.types';
import { traceableMessages } from './traceable-messages';

/**
 * The one span a turn in which the engine is asked, with the attributes of OpenTelemetry's GenAI conventions. What is
 * said is in it only if somebody has asked for that.
 */
@Injectable()
export class ChatSpan {
  private readonly engines = new BoundedLabel();

  constructor(
    private readonly tracing: Tracing,
    private readonly gateway: SwitchGateway,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  run(prompt: Prompt, ask: () => Promise<SwitchReply>): Promise<SwitchReply> {
    if (!this.tracing.isOn) return ask();
    const { name } = this.gateway;
    const attributes = {
      'gen_ai.operation.name': 'chat',
      'gen_ai.provider.name': name,
      'gen_ai.conversation.id': prompt.sessionId,
      'gen_ai.output.type': 'text',
      'operator.turn_id': prompt.turnId,
      ...(this.config.traces.withContent && { 'gen_ai.input.messages': traceableMessages(prompt.messages) }),
    };
    const kind = name === 'embedded' ? SpanKind.INTERNAL : SpanKind.CLIENT;
    return this.tracing.run(`chat ${name}`, { kind, attributes }, async (span) => {
      const reply = await ask();
      this.describe(span, reply);
      return reply;
    });
  }

  private describe(span: Span, { engine, text, tokens }: SwitchReply): void {
    if (engine) {
      const name = this.engines.of(engine);
      span.updateName(`chat ${name}`).setAttribute('gen_ai.response.model', name);
    }
    // Switch gives one number, and does not say whether the prompt's tokens are in it.
    if (tokens !== null) span.setAttribute('operator.usage.tokens', tokens);
    if (this.config.traces.withContent) {
      span.setAttribute('gen_ai.output.messages', traceableMessages([{ role: 'assistant', content: text }]));
    }
  }
}
