import { TerraformStack, TerraformVariable } from 'cdktf';
import { Autoscale, BoundScale } from '../../src/webservice/autoscale';
import { synthesize } from '../support/synth';

function bind(scale: Autoscale | ((stack: TerraformStack) => Autoscale)): BoundScale {
  let bound: BoundScale | undefined;
  synthesize(stack => {
    bound = (typeof scale === 'function' ? scale(stack) : scale)._bind(stack);
  });
  return bound!;
}

describe('Autoscale', () => {
  test("takes v1's target of 70 percent where none is given", () => {
    expect(bind(Autoscale.between(2, 20))).toEqual({
      minReplicas: 2,
      maxReplicas: 20,
      autoscaler: { targetUtilization: 70, scaleInSeconds: 300 },
    });
  });

  test('scales nothing where the number is fixed', () => {
    expect(bind(Autoscale.fixed(3))).toEqual({ minReplicas: 3, maxReplicas: 3 });
  });

  test('takes the same number twice', () => {
    expect(bind(Autoscale.between(4, 4))).toMatchObject({ minReplicas: 4, maxReplicas: 4 });
  });

  test.each([0, -1, 1.5, NaN, 1001])('refuses %p replicas', replicas => {
    expect(() => bind(Autoscale.fixed(replicas))).toThrow(`replicas is ${replicas}; it must be a whole number from 1 to 1000`);
  });

  test('refuses a least above the most, and says how to mend it', () => {
    expect(() => bind(Autoscale.between(5, 2))).toThrow(/AUTOSCALE_OUT_OF_ORDER[^]*Autoscale.between\(2, 5\)/);
  });

  test.each([0, 101, 0.7, -5])('refuses a target of %p percent', targetUtilization => {
    expect(() => bind(Autoscale.between(1, 2, { targetUtilization }))).toThrow('AUTOSCALE_UTILIZATION_INVALID');
  });

  test('reports all faults at once', () => {
    const faulty = Autoscale.between(0, -1, { targetUtilization: 0, scaleInSeconds: 4000 });
    expect(() => bind(faulty)).toThrow(
      /minReplicas is 0[^]*maxReplicas is -1[^]*AUTOSCALE_UTILIZATION_INVALID[^]*scaleInSeconds is 4000[^]*AUTOSCALE_NUMBER_INVALID/,
    );
  });

  test('leaves numbers that only Terraform knows to it', () => {
    const bound = bind(stack => {
      const least = new TerraformVariable(stack, 'least', { type: 'number' }).numberValue;
      return Autoscale.between(least, 3, { targetUtilization: least });
    });
    expect(bound.maxReplicas).toBe(3);
  });
});
