import { plainToInstance, Transform } from 'class-transformer';
import { IsEmail, IsNotEmpty, IsString, MaxLength, validate } from 'class-validator';

const Trimmed = (): PropertyDecorator =>
  Transform(({ value }: { value: unknown }) => (typeof value === 'string' ? value.trim() : value));

/** What the form sends. */
export class LeadForm {
  @Trimmed()
  @IsString({ message: 'Please tell us your name.' })
  @IsNotEmpty({ message: 'Please tell us your name.' })
  @MaxLength(120, { message: 'A name has 120 characters at most.' })
  name = '';

  @Trimmed()
  @IsEmail({}, { message: 'Please enter an e-mail address such as ada@example.com.' })
  @MaxLength(200, { message: 'An e-mail address has 200 characters at most.' })
  email = '';

  @Trimmed()
  @IsString({ message: 'A company is text.' })
  @MaxLength(120, { message: 'A company has 120 characters at most.' })
  company = '';

  @Trimmed()
  @IsString({ message: 'Please write a few words.' })
  @IsNotEmpty({ message: 'Please write a few words.' })
  @MaxLength(2_000, { message: 'A message has 2,000 characters at most.' })
  message = '';
}

export type FieldName = keyof LeadForm;
export type FormErrors = Partial<Record<FieldName, string>>;

/** The form as it was filled in, and what is wrong with it, by field. */
export async function readLeadForm(body: unknown): Promise<{ form: LeadForm; errors: FormErrors }> {
  const { name, email, company, message } = Object(body) as Record<FieldName, unknown>;
  const form = plainToInstance(LeadForm, { name, email, company: company ?? '', message });
  const errors: FormErrors = {};
  for (const { property, constraints } of await validate(form)) {
    errors[property as FieldName] = Object.values(constraints ?? {})[0] ?? 'Please check this.';
  }
  return { form, errors };
}
