import { ApiProperty, ApiSchema } from '@nestjs/swagger';
import { PageView } from '../admin-api/list.dto.js';

const KINDS = ['events', 'reminder', 'notice', 'test', 'verification'] as const;
const OUTCOMES = ['acknowledged', 'gone', 'failed'] as const;

@ApiSchema({ name: 'Attempt' })
export class AttemptDocument {
  @ApiProperty({
    description: 'The `webhook-id`: the same on each attempt.',
    example: 'sig_01kaz8fp3wfj2taq4k3bv8s5ch',
  })
  signalId!: string;
  @ApiProperty({
    enum: KINDS,
    description: '`reminder`: signalled before, but not fetched in time.',
    example: 'events',
  })
  kind!: (typeof KINDS)[number];
  @ApiProperty({ type: 'integer', description: '1 for the first one.', example: 1 })
  attempt!: number;
  @ApiProperty({ type: 'integer', description: 'Event ids in the signal.', example: 12 })
  eventCount!: number;
  @ApiProperty({ format: 'date-time', description: 'When the attempt began.', example: '2026-11-23T17:30:00.000Z' })
  sentAt!: string;
  @ApiProperty({ enum: OUTCOMES, description: '`gone`: answered 410.', example: 'acknowledged' })
  outcome!: (typeof OUTCOMES)[number];
  @ApiProperty({
    type: 'integer',
    nullable: true,
    description: 'HTTP status of the answer, if there was one.',
    example: 204,
  })
  status!: number | null;
  @ApiProperty({ type: 'integer', description: 'Milliseconds.', example: 41 })
  latencyMs!: number;
  @ApiProperty({
    type: String,
    nullable: true,
    description: 'Why it failed, as a category; never what the other side said.',
    example: null,
  })
  category!: string | null;
}

@ApiSchema({ name: 'AttemptPage' })
export class AttemptPageDocument extends PageView {
  @ApiProperty({ type: () => [AttemptDocument] })
  items!: AttemptDocument[];
}

@ApiSchema({ name: 'TestResult' })
export class TestResultDocument {
  @ApiProperty({ example: 'sig_01kaz8fp3wfj2taq4k3bv8s5ch' })
  signalId!: string;
  @ApiProperty({
    enum: [...OUTCOMES, 'released'],
    description: '`released`: nothing could be sent.',
    example: 'acknowledged',
  })
  outcome!: string;
  @ApiProperty({ type: 'integer', nullable: true, example: 204 })
  status!: number | null;
  @ApiProperty({ type: 'integer', description: 'Milliseconds.', example: 41 })
  latencyMs!: number;
  @ApiProperty({ type: String, nullable: true, description: 'Why it failed, as a category.', example: null })
  category!: string | null;
}
