import fc from 'fast-check';
import { switchChanges } from './switch-changes';
import { AdjustmentNotApplicableError } from './adjustment.errors';

describe(switchChanges.name, () => {
  it.each([
    [{ default_model: 'a' }, [{ key: 'default_model', model: 'a' }]],
    [{ preload_model: 'b', temperature: 0.2 }, [{ key: 'preload_model', model: 'b' }]],
    [
      { preload_model: 'b', default_model: 'a' },
      [
        { key: 'default_model', model: 'a' },
        { key: 'preload_model', model: 'b' },
      ],
    ],
    [{ default_model: null, preload_model: 'b' }, [{ key: 'preload_model', model: 'b' }]],
    [{ default_model: 'x'.repeat(256) }, [{ key: 'default_model', model: 'x'.repeat(256) }]],
  ])('of %j are %j', (config, changes) => expect(switchChanges(config)).toEqual(changes));

  it.each([
    [{}],
    [null],
    ['default_model'],
    [['default_model']],
    [{ temperature: 0.2 }],
    [{ default_model: null }],
    [{ nested: { default_model: 'a' } }],
    [JSON.parse('{"__proto__": {"default_model": "a"}}')],
    [Object.create({ default_model: 'a' })],
  ])('of %j are none, which names the keys that would be some', (config) => {
    expect(() => switchChanges(config)).toThrow(
      'There is nothing to apply. Of after_config, Switch understands default_model and preload_model, ' +
        'each the name of a model.',
    );
  });

  it.each([5, 0, '', ' ', true, false, [], ['a'], {}, 'x'.repeat(257)])(
    'refuses the model %j, whatever else',
    (model) => {
      expect(() => switchChanges({ default_model: 'a', preload_model: model })).toThrow(
        /^preload_model must have 1 to 256 characters\./,
      );
    },
  );

  it('either tells something or says why not, whatever is wanted', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.constantFrom('default_model', 'preload_model', 'x'), fc.jsonValue()), (config) => {
        try {
          expect(switchChanges(config).every(({ key, model }) => config[key] === model)).toBe(true);
        } catch (error) {
          expect(error).toBeInstanceOf(AdjustmentNotApplicableError);
        }
      }),
    );
  });
});
