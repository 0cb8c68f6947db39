import type { MigrationInterface, QueryRunner } from 'typeorm';
import { inSchema } from '../../database/schema-name.js';

const tableOf = ({ dataSource }: QueryRunner): string => inSchema(dataSource.options, 'signpost_inbox_endpoint');

/** The endpoint that the module registers for itself, with its secret sealed. */
export class EndpointRegistration1764000000200 implements MigrationInterface {
  readonly name = 'EndpointRegistration1764000000200';

  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(
      `CREATE TABLE ${tableOf(queryRunner)} (
         producer text PRIMARY KEY, endpoint_id text, settings text NOT NULL, sealed_secret text,
         claimed_by text NOT NULL, claimed_at bigint NOT NULL)`,
    );
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`DROP TABLE ${tableOf(queryRunner)}`);
  }
}
