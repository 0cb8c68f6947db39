import { ApiProperty, ApiPropertyOptional, ApiSchema } from '@nestjs/swagger';
import {
  CONFIRM_MODES,
  ENDPOINT_REASONS,
  ENDPOINT_STATES,
  SIGNATURE_SCHEMES,
  type ConfirmMode,
  type EndpointReason,
  type EndpointState,
  type SignatureScheme,
} from '../subscriptions/endpoint-settings.js';
import { PageView } from '../admin-api/list.dto.js';
import { EndpointAuthView } from './endpoint-auth.dto.js';

@ApiSchema({ name: 'Endpoint' })
export class EndpointDocument {
  @ApiProperty({ example: 'ep_01kaz8fp3wfj2taq4k3bv8s5ch' })
  id!: string;
  @ApiProperty({ example: 'rcv_01kaz8fp3wfj2taq4k3bv8s5ch' })
  receiver!: string;
  @ApiProperty({ example: 'acme' })
  tenant!: string;
  @ApiProperty({ description: 'What may be a token in it is masked.', example: 'https://hooks.example.com/signpost' })
  url!: string;
  @ApiProperty({ type: [String], example: ['invoice.*'] })
  eventTypes!: string[];
  @ApiProperty({ type: String, nullable: true, example: 'Production bookkeeping' })
  description!: string | null;
  @ApiProperty({ type: 'integer', example: 100 })
  maxEventsPerSignal!: number;
  @ApiProperty({ type: 'integer', description: 'Milliseconds.', example: 0 })
  minInterval!: number;
  @ApiProperty({ enum: CONFIRM_MODES, example: 'fetch' })
  confirm!: ConfirmMode;
  @ApiProperty({ enum: SIGNATURE_SCHEMES, example: 'standard' })
  signature!: SignatureScheme;
  @ApiPropertyOptional({
    type: [String],
    description: "To verify the installation's own signatures with, where the scheme has them.",
    example: ['whpk_1SiA4o9hyqTCpIqC5V9HUakiiaeACeqfZTInDBbOir4='],
  })
  publicKeys?: string[];
  @ApiProperty({
    type: () => EndpointAuthView,
    nullable: true,
    description: 'What signals authenticate with beside their signature, masked.',
    example: null,
  })
  auth!: EndpointAuthView | null;
  @ApiProperty({
    type: [String],
    description: 'What is weaker than it need be about these settings, in sentences.',
    example: [],
  })
  warnings!: string[];
  @ApiProperty({ enum: ENDPOINT_STATES, description: 'Only `active` endpoints are signalled.', example: 'active' })
  state!: EndpointState;
  @ApiProperty({
    enum: ENDPOINT_REASONS,
    nullable: true,
    description:
      'Why it is not active: paused by the operator, answered 410, failed for too long, or its URL was not proved in time.',
    example: null,
  })
  reason!: EndpointReason | null;
  @ApiProperty({ format: 'date-time', example: '2026-11-23T17:30:00.000Z' })
  createdAt!: string;
  @ApiProperty({ format: 'date-time', example: '2026-11-23T17:30:00.000Z' })
  updatedAt!: string;
}

@ApiSchema({ name: 'EndpointWithSecret' })
export class EndpointWithSecretDocument extends EndpointDocument {
  @ApiProperty({
    description: 'What the signals are signed with. Shown this once.',
    example: 'whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD',
  })
  secret!: string;
}

@ApiSchema({ name: 'EndpointPage' })
export class EndpointPageDocument extends PageView {
  @ApiProperty({ type: () => [EndpointDocument] })
  items!: EndpointDocument[];
}
