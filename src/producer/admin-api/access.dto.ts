import { applyDecorators } from '@nestjs/common';
import { ApiProperty, ApiQuery, ApiSchema } from '@nestjs/swagger';
import { ACCESS_ACTIONS, type AccessAction } from '../access/access-log.js';
import { ACCESS_KINDS, type AccessKind } from '../access/authenticated.js';
import { ACTOR_KINDS, type ActorKind } from '../access/change-rows.js';
import { ApiListQuery, ListQueryDto, PageView } from './list.dto.js';
import { IsIdOf, IsTarget, IsText, IsTimestamp, Optional } from './validation.js';

/** What both lists of the audit take. */
class AuditQueryDto extends ListQueryDto {
  @Optional()
  @IsIdOf('rcv')
  receiver?: string;

  @Optional()
  @IsTimestamp()
  since?: string;

  @Optional()
  @IsTimestamp()
  until?: string;
}

export class AccessQueryDto extends AuditQueryDto {
  @Optional()
  @IsIdOf('evt')
  event?: string;

  @Optional()
  @IsIdOf('key')
  credential?: string;
}

export class ChangeQueryDto extends AuditQueryDto {
  @Optional()
  @IsTarget()
  target?: string;

  @Optional()
  @IsTarget()
  actor?: string;

  @Optional()
  @IsText(64)
  action?: string;
}

const query = (name: string, description: string, format?: 'date-time') =>
  ApiQuery({ name, required: false, description, schema: { type: 'string', ...(format ? { format } : {}) } });

const ApiAuditQuery = () =>
  applyDecorators(
    query('receiver', 'Only of this receiver (`rcv_…`).'),
    query('since', 'From then on.', 'date-time'),
    query('until', 'Before then.', 'date-time'),
    ApiListQuery(),
  );

/** Documents `AccessQueryDto`. */
export const ApiAccessQuery = (): MethodDecorator =>
  applyDecorators(
    query('event', 'Only what concerns this event (`evt_…`), whether or not there is such a one.'),
    query('credential', 'Only with this credential (`key_…`).'),
    ApiAuditQuery(),
  );

/** Documents `ChangeQueryDto`. */
export const ApiChangeQuery = (): MethodDecorator =>
  applyDecorators(
    query('target', 'Only of this receiver, endpoint, credential, key or event type.'),
    query('actor', 'Only by this key, credential or receiver.'),
    query('action', 'Only this, such as `endpoint.create`.'),
    ApiAuditQuery(),
  );

const EXAMPLE = '01kaz8fp3wfj2taq4k3bv8s5ch';
const Text = (description: string, example: string | null) =>
  ApiProperty({ type: String, nullable: true, description, example });
const Whole = (description: string, example: number | null) =>
  ApiProperty({ type: 'integer', nullable: true, description, example });

@ApiSchema({ name: 'AccessRow' })
export class AccessDocument {
  @ApiProperty({ description: 'Grows with each row.', example: '4711' })
  id!: string;
  @ApiProperty({ format: 'date-time', example: '2026-11-23T17:30:00.000Z' })
  at!: string;
  @Text('Null: nobody was recognised.', `rcv_${EXAMPLE}`)
  receiver!: string | null;
  @Text('On a denial: the one that was claimed.', `key_${EXAMPLE}`)
  credential!: string | null;
  @ApiProperty({ enum: ACCESS_ACTIONS, description: 'What was asked for.', example: 'event' })
  action!: AccessAction;
  @ApiProperty({ type: 'integer', description: 'HTTP status of the answer.', example: 200 })
  status!: number;
  @ApiProperty({ type: [String], nullable: true, description: 'Events asked for by id.', example: [`evt_${EXAMPLE}`] })
  ids!: string[] | null;
  @Whole('A page of the feed: behind this position of the log.', null)
  after!: number | null;
  @Whole('A page of the feed: up to this position.', null)
  through!: number | null;
  @ApiProperty({ type: 'integer', description: 'Events that were handed out.', example: 1 })
  count!: number;
  @Text('Network address of the caller.', '192.0.2.7')
  address!: string | null;
  @ApiProperty({
    enum: ACCESS_KINDS,
    nullable: true,
    description:
      'What was shown: an API key, an access token of ours, one of the operator’s issuer, or what the application knows.',
    example: 'api-key',
  })
  kind!: AccessKind | null;
  @Text('Who it is to the issuer or the application.', null)
  identity!: string | null;
  @ApiProperty({
    type: [String],
    nullable: true,
    description:
      'A page of the feed: the `types` that it was asked for with. `…` as the last: there were more than are kept (1,024 characters). ' +
      '`not-a-type`: what may be a key that somebody pasted there.',
    example: null,
  })
  types!: string[] | null;
}

@ApiSchema({ name: 'AccessPage' })
export class AccessPageDocument extends PageView {
  @ApiProperty({ type: () => [AccessDocument] })
  items!: AccessDocument[];
}

@ApiSchema({ name: 'ChangeActor' })
export class ActorDocument {
  @ApiProperty({
    enum: ACTOR_KINDS,
    description:
      '`application`: for the receiver of this id. `cli`: a command such as `signpost rotate-master-key`. `system`: Signpost itself. `nobody`: no key was recognised.',
    example: 'admin-key',
  })
  kind!: ActorKind;
  @Text('Of the key, the credential or the receiver; on a 401, the one that was claimed.', `key_${EXAMPLE}`)
  id!: string | null;
  @Text('Name of the admin key at the time.', 'operator')
  name!: string | null;
}

@ApiSchema({ name: 'Change' })
export class ChangeDocument {
  @ApiProperty({ description: 'Grows with each row.', example: '42' })
  id!: string;
  @ApiProperty({ format: 'date-time', example: '2026-11-23T17:30:00.000Z' })
  at!: string;
  @ApiProperty({ type: () => ActorDocument })
  actor!: ActorDocument;
  @ApiProperty({ description: 'What was tried.', example: 'endpoint.update' })
  action!: string;
  @Text('What it was tried on.', `ep_${EXAMPLE}`)
  target!: string | null;
  @Text('Whose that is.', `rcv_${EXAMPLE}`)
  receiver!: string | null;
  @ApiProperty({
    type: [String],
    nullable: true,
    description: 'Names of the members that were sent; never their values.',
    example: ['url', 'headers'],
  })
  fields!: string[] | null;
  @Whole('Values that a rotation of the master key sealed anew; null for whatever else.', null)
  count!: number | null;
  @Whole(
    'HTTP status of the answer; of a command, 200 or 500; of Signpost itself, 200. `null`: the process ended before it was known.',
    200,
  )
  status!: number | null;
  @Text('Network address of the caller.', '192.0.2.7')
  address!: string | null;
}

@ApiSchema({ name: 'ChangePage' })
export class ChangePageDocument extends PageView {
  @ApiProperty({ type: () => [ChangeDocument] })
  items!: ChangeDocument[];
}
