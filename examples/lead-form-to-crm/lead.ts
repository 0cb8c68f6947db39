/** The payload of `lead.created`: what both sides have agreed on. */
export interface Lead {
  name: string;
  email: string;
  company: string | null;
  message: string;
}
