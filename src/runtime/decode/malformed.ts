/** Thrown inside the decoders where a payload cannot be read at all; the decoder turns it into a rejected message. */
export class MalformedPayload extends Error {
  override readonly name = 'MalformedPayload';
}
